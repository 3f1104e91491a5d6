class Declarations
{
    async Task M()
    {
        Before();
        await using var tx =                     //+ transaction BeginTransactionAsync declaration tx
            await _db.Database.BeginTransactionAsync(IsolationLevel.Serializable);
        if (Ready())
        {
            using var scope = new TransactionScope(); //+ transaction TransactionScope declaration scope
            scope.Complete();
        }                                        //- transaction TransactionScope declaration scope
        await tx.CommitAsync();
        After();
    }                                            //- transaction BeginTransactionAsync declaration tx

    void Conditional()
    {
#if DEBUG
        using var tx = _connection.BeginTransaction(); //+ transaction BeginTransaction declaration tx
#endif
        Work();
    }                                            //- transaction BeginTransaction declaration tx

    void Typed()
    {
        using IDbContextTransaction tx = Start(); //+ transaction DbTransaction declaration tx
        Work();
    }                                            //- transaction DbTransaction declaration tx

    void Quiet()
    {
        using var reader = _command.ExecuteReader();
        using var http = new HttpClient();
        using var clock = new Clock();
        using var unlock = Unlock();
    }
}
