using System.Linq;

class Data
{
    private readonly ShopContext _db;
    private readonly List<Row> _cached = new();
    private readonly ISession _session;
    private readonly IDbConnection _connection;
    private readonly IDatabase _redis;

    async Task EntityFramework(int id, List<Row> given, IQueryable<Row> asked)
    {
        var rows = await _db.Rows.Where(r => r.Tags.Any()).ToListAsync(); //! read _db //! await await //! read ToListAsync
        var one = rows.First(r => r.Id == id);
        var other = given.Where(r => r.Id > 1).ToArray();
        var cached = _cached.Count(r => r.Id > 1);         //! read _cached
        var max = asked.Max(r => r.Id);                    //! read Max
        var parts = "a,b".Split(',').ToList();
        var size = Math.Max(1, 2) + string.Join(",", parts).Length;
        var joined = _db.Rows.ToList().Where(r => r.Done).Any(); //! read _db //! read ToList
        if (_db.Rows.FirstOrDefault() is { } found) Use(found); //! read _db //! read FirstOrDefault
        var grouped = from r in _db.Rows.AsNoTracking() group r by r.State into g orderby g.Key select g; //! read _db //! tracking AsNoTracking
        var joins = from r in _db.Rows join t in _db.Tags on r.Id equals t.Id into all let n = all select n; //! read _db //! read _db
        _db.ChangeTracker.AutoDetectChangesEnabled = false; //! read _db //! tracking AutoDetectChangesEnabled
        _db.ChangeTracker.Clear();                         //! read _db //! tracking Clear
        _db.Add(one);                                      //! read _db //! tracking Add
        _db.Rows.Add(one);                                 //! read _db //! write Rows
        _db.Update(one);                                   //! read _db //! tracking Update
        var rebuilt = expression.Update(body);
        _db.Entry(one).Collection(r => r.Tags).Load();     //! read _db //! tracking Entry //! read Load
        var document = XDocument.Load("a.xml");
        await _db.Rows.ExecuteDeleteAsync();               //! read _db //! await await //! save ExecuteDeleteAsync
        await foreach (var row in Stream()) Use(row);      //! await await foreach
        await using var held = Open();                     //! await await using
        await using (Open()) Use(1);                       //! await await using
    }

    void Sessions(int id)
    {
        var row = _session.Get<Row>(id);                   //! read _session //! read Get
        _session.Lock(row, LockMode.Upgrade);              //! read _session //! sql-hint Lock
        _session.Save(row);                                //! read _session //! save Save
        _session.Flush();                                  //! read _session //! save Flush
        _file.Save(row);
        _settings.Get("a");
    }

    void Connections(string sql, IRunner runner)
    {
        _connection.Query<Row>(sql);                       //! read _connection //! read Query
        _connection.Execute("UPDATE rows SET done = 1");   //! read _connection //! save Execute
        runner.Execute("a plan");
        runner.Query(1);
        command.ExecuteReader();                           //! read ExecuteReader
        _redis.StringSet("a", "b");                        //! read _redis //! save StringSet
        _rows.InsertOne(new Row());                        //! save InsertOne
    }
}
