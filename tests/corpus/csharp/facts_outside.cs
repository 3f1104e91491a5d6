using System;

class Outside
{
    private readonly HttpClient _http;
    private readonly Action _notify;
    private int _flag;
    public event EventHandler Changed;

    async Task Calls(Func<int> factory, ITodoRepository repository)
    {
        await _http.GetAsync("a");                         //! read _http //! await await //! io GetAsync
        await repository.GetAsync(1);                      //! await await
        Changed?.Invoke(this, null);                       //! read Changed //! io Invoke
        Changed(this, null);                               //! read Changed //! io Changed
        _notify();                                         //! read _notify //! io _notify
        var n = factory();                                 //! io factory
        Func<int> own = () => 1;
        own();
        Own();
        File.WriteAllText("a", "b");                       //! io WriteAllText
        Console.WriteLine("a");
        _logger.LogInformation("a");
        await _bus.Publish(new Done());                    //! await await //! io Publish
    }

    void Spawns()
    {
        Task.Run(Own);                                     //! spawn Run
        _ = SendAsync();                                   //! spawn SendAsync
        RefreshAsync();                                    //! spawn RefreshAsync
        var kept = RefreshAsync();
        new Thread(Own).Start();                           //! spawn Start
        engine.Start();
        Parallel.ForEach(items, x => { });                 //! spawn ForEach
    }

    void Ordering()
    {
        Interlocked.Increment(ref _flag);                  //! write Increment
        var seen = Volatile.Read(ref _flag);               //! read Read
        Volatile.Write(ref _flag, 1);                      //! write Write
        Thread.MemoryBarrier();                            //! fence MemoryBarrier
    }
}
