class Facts
{
    private int _count;
    private static int s_total;
    private Dictionary<int, int> _map = new();

    async Task<int> M(int parameter, Action callback)
    {
        var local = 1;
        local = 2;
        parameter++;
        _count = 3;                              //! write _count
        this._count += 1;                        //! write _count //! read _count
        s_total++;                               //! write s_total //! read s_total
        _map[local] = 4;                         //! write _map
        row.State = 5;                           //! write State
        --row.Tries;                             //! write Tries
        var made = new Row { State = 6 };
        foreach (var item in _rows.ToList())     //! read ToList
        {
            if (item == null) continue;          //! exit continue
        }
        var first = await _db.Rows               //! await await
            .AsNoTracking()                      //! tracking AsNoTracking
            .FirstOrDefaultAsync(r => r.Id == 1);//! read FirstOrDefaultAsync
        await _db.SaveChangesAsync();            //! await await //! save SaveChangesAsync
        Interlocked.Increment(ref _count);       //! write Increment
        Task.Run(() => Work());                  //! spawn Run
        await _http.PostAsync(url, body);        //! await await //! io PostAsync
        callback.Invoke();                       //! io Invoke
        var size = Math.Max(1, 2);
        var sql = "SELECT * FROM rows WHERE id = 1 FOR UPDATE SKIP LOCKED"; //! sql-hint FOR UPDATE //+ lock FOR UPDATE sql - //- lock FOR UPDATE sql -
        var hint = $@"SELECT * FROM rows WITH (UPDLOCK, ROWLOCK) WHERE id = {local}"; //! sql-hint table hint //+ lock UPDLOCK sql - //- lock UPDLOCK sql -
        var plain = "please update your password for us";
        if (local > 1) throw new Exception();    //! exit throw
        return local;                            //! exit return
    }
}
