class Pairs
{
    async Task Semaphore()
    {
        await _gate.WaitAsync();                 //+ lock SemaphoreSlim acquire-release _gate
        try { Work(); }
        finally
        {
            _gate.Release();                     //- lock SemaphoreSlim acquire-release _gate
        }
    }

    async Task<bool> Tried()
    {
        if (!await _gate.WaitAsync(100))         //+ lock SemaphoreSlim acquire-release _gate 1
        {
            return false;
        }
        try { return true; }
        finally { _gate.Release(); }             //- lock SemaphoreSlim acquire-release _gate 1
    }

    void Monitors()
    {
        Monitor.Enter(_a);                       //+ lock Monitor acquire-release _a
        var taken = false;
        Monitor.TryEnter(_b, 10, ref taken);     //+ lock Monitor acquire-release _b
        Work();
        Monitor.Exit(_b);                        //- lock Monitor acquire-release _b
        Monitor.Exit(_a);                        //- lock Monitor acquire-release _a
    }

    void ReadersAndWriters()
    {
        _rw.EnterUpgradeableReadLock();          //+ lock ReaderWriterLockSlim acquire-release _rw
        try
        {
            _rw.EnterWriteLock();                //+ lock ReaderWriterLockSlim acquire-release _rw 1
            try { Work(); }
            finally { _rw.ExitWriteLock(); }     //- lock ReaderWriterLockSlim acquire-release _rw 1
        }
        finally
        {
            _rw.ExitUpgradeableReadLock();       //- lock ReaderWriterLockSlim acquire-release _rw
        }
    }

    void TwiceInARow()
    {
        _mutex.WaitOne();                        //+ lock Mutex acquire-release _mutex
        Work();
        _mutex.ReleaseMutex();                   //- lock Mutex acquire-release _mutex
        _mutex.WaitOne();                        //+ lock Mutex acquire-release _mutex 1
        if (Done()) { _mutex.ReleaseMutex(); return; }
        _mutex.ReleaseMutex();                   //- lock Mutex acquire-release _mutex 1
    }

    void Quiet()
    {
        _task.Wait();
        Other.Release();
        Action later = () => _gate.Release();
        _gate.Wait();
        _bus.Enter(); _door.Exit();
    }
}
