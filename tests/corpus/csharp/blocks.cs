using System.Transactions;

class Blocks
{
    private readonly object _gate = new();
    private readonly AsyncLock _async = new();

    void Locks()
    {
        lock (_gate)                             //+ lock lock block _gate
        {
            lock (this) A();                     //+ lock lock block this //- lock lock block this
        }                                        //- lock lock block _gate
        lock (this._gate)                        //+ lock lock block this._gate
            A();                                 //- lock lock block this._gate
        lock /* which */ (Table[Key()]) { }      //+ lock lock block Table[Key()] //- lock lock block Table[Key()]
    }

    void Scopes()
    {
        using (var scope = new TransactionScope( //+ transaction TransactionScope block scope
            TransactionScopeOption.RequiresNew))
        {
            scope.Complete();
        }                                        //- transaction TransactionScope block scope
        using (new TransactionScope()) { }       //+ transaction TransactionScope block - //- transaction TransactionScope block -
        using (TransactionScope t = new())       //+ transaction TransactionScope block t
        {
        }                                        //- transaction TransactionScope block t
        using (var connection = Open())
        using (var tx = connection.BeginTransaction()) //+ transaction BeginTransaction block tx
        {
            tx.Commit();
        }                                        //- transaction BeginTransaction block tx
        using (var stream = Open()) { }
        using (Open()) { }
    }

    async Task Asynchronous()
    {
        using (await _async.LockAsync())         //+ lock AsyncLock block _async
        {
        }                                        //- lock AsyncLock block _async
        await using (var tx = await _db.Database.BeginTransactionAsync()) //+ transaction BeginTransactionAsync block tx
        {
            await tx.CommitAsync();
        }                                        //- transaction BeginTransactionAsync block tx
        using (_limiter.EnterScope()) { }        //+ lock Lock block _limiter //- lock Lock block _limiter
        using ((await _async.LockAsync(key)).ConfigureAwait(false)) { } //+ lock AsyncLock block _async[key] //- lock AsyncLock block _async[key]
    }

    // What awaits the lock itself, or enters it by a name that is nobody's in particular, is assumed to hold it.
    async Task Awaited(Task<IDisposable> session)
    {
        using (await _async)                     //+ lock AsyncLock block _async
        {
        }                                        //- lock AsyncLock block _async
        using (await this._readSemaphore.ConfigureAwait(false)) { } //+ lock ReadSemaphore block this._readSemaphore //- lock ReadSemaphore block this._readSemaphore
        using (await _gate.EnterScopeAsync()) { } //+ lock EnterScopeAsync block _gate //- lock EnterScopeAsync block _gate
        using (await session) { }
        using (_async) { }
    }
}
