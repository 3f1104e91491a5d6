using System;

public class Settings
{
    [Credential]
    public virtual Secret Credential { get; set; }

    [Json(".tag")]
    public string tag { get; set; }

    [Shown(Settings.ById)]
    protected int ById;

    Secret IHasSecret.Hidden { get; set; }
}

public class Derived : Settings, IFixture<Unrelated>
{
    private readonly int _length;
    private static readonly TimeSpan Default = TimeSpan.Zero;
    private State _state;

    public Derived() : this(Default)                       //! read Default
    {
    }

    public Derived(TimeSpan length)
        : base(length, _length: Default)                   //! read Default
    {
        _length = 1;                                       //! write _length
    }

    void NamesInAttributes()
    {
        Use(Credential, tag, ById, Hidden, Elsewhere);     //! read Credential //! read tag //! read ById
    }

    void AfterADirective()
    {
#pragma warning disable CS0618
        _state.Reset();                                    //! read _state
#region Later
        Use(1);
#endregion
        _state = null;                                     //! write _state
#if !NET35
        _state.Run();                                      //! read _state
#endif
        Use(_state);                                       //! read _state
    }

    string InText() => $"{_length:0000} {_length,4}";      //! read _length //! read _length

    void AnotherBlock(object given)
    {
        if (_state == null)                                //! read _state
        {
            State _state = new State();
            Use(_state);
        }
        while (given is State _state)
        {
            Use(_state);
        }
        foreach (var _length in All())
        {
            Use(_length);
        }
        Use(_state, _length);                              //! read _state //! read _length
    }

    void Handed()
    {
        int found, own = 0;
        Run(() => Find(out found) && Find(ref own) && Find(out int inner) && Find(out inner)); //! write found //! write own
        Run(() => Interlocked.Increment(ref own));             //! write Increment
        Find(out found);
    }

    void Types()
    {
        var made = new Company.Derived.Default();
        var same = new global::Derived.Default();
    }
}

public class NamedAsItsType
{
    public HttpContext HttpContext { get; }
    public LogLevel LogLevel { get; set; }
    public Direction Direction { get; set; }

    void Uses()
    {
        Use(HttpContext.Request);                          //! read HttpContext
        HttpContext.Abort();                               //! read HttpContext
        if (LogLevel == LogLevel.Debug) Log(LogLevel.Off); //! read LogLevel
        LogLevel.CompareTo(1);                             //! read LogLevel
        Use(Direction.Left);
    }
}

public class Unrelated
{
    public int Elsewhere;
}

public class Pair<T>
{
    protected int Count;
}

public class Pair : Pair<int>
{
}

public class Further<T> : Pair<Tuple<T, Unrelated>>
{
    int Twice() => Count * 2;                              //! read Count
}
