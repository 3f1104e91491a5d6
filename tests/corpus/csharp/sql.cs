class Sql
{
    void UnderATransaction()
    {
        using (var tx = _connection.BeginTransaction()) //+ transaction BeginTransaction block tx
        {
            var row = _connection.QuerySingle(   //+ lock FOR UPDATE sql -
                "select * from rows where id = @id for update", new { id }, tx);
            row.State = 1;
            tx.Commit();
        }                                        //- transaction BeginTransaction block tx //- lock FOR UPDATE sql -
        Run(@"exec sp_getapplock 'a', 'Exclusive'"); //+ lock SP_GETAPPLOCK sql - //- lock SP_GETAPPLOCK sql -
        Run("begin tran; update rows set state = 1; commit"); //+ transaction BEGIN TRAN sql - //- transaction BEGIN TRAN sql -
    }

    void Quiet()
    {
        Run("select * from rows with (nolock)");
        Run("exec sp_releaseapplock 'a'");
        Run("select pg_advisory_unlock(1)");
        Log("Waiting for update of the blocklock list");
    }
}
