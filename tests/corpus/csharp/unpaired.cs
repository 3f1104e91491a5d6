class Unpaired
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly System.Threading.ReaderWriterLockSlim _rw;
    private readonly Task _task;

    async Task Hold()
    {
        await _gate.WaitAsync();                 //+ lock SemaphoreSlim acquire-release _gate
        Work();
    }                                            //- lock SemaphoreSlim acquire-release _gate

    void HandOn()
    {
        _gate.Wait();                            //+ lock SemaphoreSlim acquire-release _gate 2
        Task.Run(async () =>
        {                                        //+ lock SemaphoreSlim acquire-release _gate 3
            try
            {
                await Work();
            }
            finally
            {
                _gate.Release();                 //- lock SemaphoreSlim acquire-release _gate 2 //- lock SemaphoreSlim acquire-release _gate 3
            }
        });
    }

    void Signal()
    {
        var woken = new SemaphoreSlim(0);
        Task.Run(() => { woken.Wait(); });
        woken.Release();
    }

    void Free()
    {                                            //+ lock SemaphoreSlim acquire-release _gate 1
        Work();
        _gate.Release();                         //- lock SemaphoreSlim acquire-release _gate 1
    }

    void HoldAMonitor()
    {
        Monitor.Enter(_map);                     //+ lock Monitor acquire-release _map
    }                                            //- lock Monitor acquire-release _map

    void FreeTheWriter()
    {                                            //+ lock ReaderWriterLockSlim acquire-release _rw
        _rw.ExitWriteLock();                     //- lock ReaderWriterLockSlim acquire-release _rw
    }

    void Quiet()
    {
        _task.Wait();
        unknown.Release();
        Action release = () => { };
    }
}
