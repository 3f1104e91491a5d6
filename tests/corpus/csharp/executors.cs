class Executors
{
    async Task Strategies()
    {
        var strategy = _db.Database.CreateExecutionStrategy();
        await strategy.ExecuteAsync(
            async () =>                          //+ transaction ExecuteAsync callback strategy
            {
                using var tx = _db.Database.BeginTransaction(); //+ transaction BeginTransaction declaration tx
                tx.Commit();
            });                                  //- transaction ExecuteAsync callback strategy //- transaction BeginTransaction declaration tx
        await session.WithTransactionAsync(async (s, ct) => { await Work(s); }); //+ transaction WithTransactionAsync callback session //- transaction WithTransactionAsync callback session
        await _state.PerformUpdate(s => s.Value = 1); //+ transaction PerformUpdate callback _state //- transaction PerformUpdate callback _state
        await _semaphore.ExecuteAsync(async () => { }); //+ lock ExecuteAsync callback _semaphore //- lock ExecuteAsync callback _semaphore
        await _locker.PerformActionWithLockAsync(key, span, async () => { }); //+ lock PerformActionWithLockAsync callback _locker //- lock PerformActionWithLockAsync callback _locker
    }

    void Quiet()
    {
        _command.Execute(() => { });
        list.ForEach(x => { });
        _strategy.Execute(Work);
    }
}
