class Variables
{
    private IDbTransaction _tx;
    private readonly Session session;

    async Task DisposedByALaterUsing()
    {
        Before();
        var tx = await _db.Database.BeginTransactionAsync(); //+ transaction BeginTransactionAsync acquire-release tx
        await using (tx.ConfigureAwait(false))
        {
            await tx.CommitAsync();
        }                                        //- transaction BeginTransactionAsync acquire-release tx
        After();
    }

    void DisposedInFinally()
    {
        var tx = _connection.BeginTransaction(); //+ transaction BeginTransaction acquire-release tx
        try
        {
            tx.Commit();
        }
        finally
        {
            tx.Dispose();                        //- transaction BeginTransaction acquire-release tx
        }
    }

    void CommittedOnly()
    {
        IDbTransaction tx = null;
        tx = _connection.BeginTransaction();     //+ transaction BeginTransaction acquire-release tx 1
        Work();
        tx.Commit();                             //- transaction BeginTransaction acquire-release tx 1
    }

    void ABareStatement()
    {
        _db.Database.BeginTransaction();         //+ transaction BeginTransaction acquire-release _db.Database
        Work();
        _db.Database.CommitTransaction();        //- transaction BeginTransaction acquire-release _db.Database
    }

    void NeverEnded()
    {
        var tx = _connection.BeginTransaction(); //+ transaction BeginTransaction acquire-release tx 2
        Work();
    }                                            //- transaction BeginTransaction acquire-release tx 2

    void KeptInAField()
    {
        _tx = _connection.BeginTransaction();    //+ transaction BeginTransaction acquire-release _tx
    }                                            //- transaction BeginTransaction acquire-release _tx

    void CommittedInAnotherMember()
    {                                            //+ transaction BeginTransaction acquire-release _tx 1
        Work();
        _tx.Commit();                            //- transaction BeginTransaction acquire-release _tx 1
    }

    void StartedOnASession()
    {
        session.StartTransaction();              //+ transaction session transaction acquire-release session
        Work();
        session.CommitTransaction();             //- transaction session transaction acquire-release session
    }

    async Task ALockHandle()
    {
        var handle = await _locks.AcquireAsync(); //+ lock distributed lock acquire-release _locks
        try { Work(); }
        finally { await handle.DisposeAsync(); } //- lock distributed lock acquire-release _locks
    }

    void TheSameNameInTwoBlocks()
    {
        foreach (var row in rows)
        {
            var tx = _connection.BeginTransaction(); //+ transaction BeginTransaction acquire-release tx 3
            Work();
            tx.Dispose();                            //- transaction BeginTransaction acquire-release tx 3
            After();
        }
        foreach (var row in rows)
        {
            var tx = _connection.BeginTransaction(); //+ transaction BeginTransaction acquire-release tx 4
            tx.Dispose();                            //- transaction BeginTransaction acquire-release tx 4
        }
    }

    void TwoAfterEachOther()
    {
        var tx = _connection.BeginTransaction();     //+ transaction BeginTransaction acquire-release tx 5
        Work();
        tx.Commit();                                 //- transaction BeginTransaction acquire-release tx 5
        Between();
        tx = _connection.BeginTransaction();         //+ transaction BeginTransaction acquire-release tx 6
        Work();
        tx.Commit();                                 //- transaction BeginTransaction acquire-release tx 6
    }

    void OnAConnectionThatIsDisposedOf()
    {
        using (var c = new SqlConnection(text))
        {
            c.BeginTransaction();                    //+ transaction BeginTransaction acquire-release c
            Work();
        }                                            //- transaction BeginTransaction acquire-release c
        foreach (var row in rows)
        {
            using var d = new SqlConnection(text);
            d.BeginTransaction();                    //+ transaction BeginTransaction acquire-release d
            if (Done(row)) { Work(); }
        }                                            //- transaction BeginTransaction acquire-release d
        After();
    }

    void OpenedInEitherBranch(bool strict)
    {
        IDbTransaction tx;
        if (strict)
            tx = _connection.BeginTransaction(IsolationLevel.Serializable); //+ transaction BeginTransaction acquire-release tx 7
        else
            tx = _connection.BeginTransaction();     //+ transaction BeginTransaction acquire-release tx 8
        Work();
        tx.Commit();                                 //- transaction BeginTransaction acquire-release tx 7 //- transaction BeginTransaction acquire-release tx 8
    }

    TransactionScope Quiet()
    {
        var http = _client.Acquire();
        Work(_connection.BeginTransaction());
        using var command = _connection.CreateCommand(text).SetTransaction(_tx);
        return new TransactionScope();
    }
}
