using System;

class Base
{
    protected int inherited;
    private int hidden;
}

class Outer : Base
{
    private int _count;
    private volatile bool _stop;
    private static int s_total;
    private const int Limit = 3;
    private readonly List<int> _list = new();
    private readonly Dictionary<int, int> _map = new();
    private readonly object _gate = new();
    private string _text;
    public string Name { get; set; }
    public State State { get; set; }
    public int Twice => _count * 2;                        //! read _count
    public event EventHandler Changed;

    void Reads(Outer other, Base b)
    {
        var n = _count + this._count;                      //! read _count //! read _count
        Use(Name, other.Name, nameof(Name), Limit);        //! read Name
        Use(inherited, hidden);                            //! read inherited
        if (_stop && Outer.s_total > 0) return;            //! read _stop //! read s_total //! exit return
        var made = new Person { Name = "a", Age = _count };//! read _count
        Use(Name: 1, age: _count);                         //! read _count
        var text = $"{Name} of Name";                      //! read Name
        /* Name */ Use("Name", 'N'); // Name
        var state = State.Open;
        var same = State;                                  //! read State
        State local = State.Closed;
        List<Name> types = null;
        var cast = (Name)b;
        var paren = (Name);                                //! read Name
        if (b is Name) Use(typeof(Name), default(Name));
        if (b is { Name: "x" }) Use(new { Name });         //! read Name
        lock (_gate) Use(1);                               //+ lock lock block _gate //- lock lock block _gate
        Name[] array = null;
        var first = _map[1];                               //! read _map
        foreach (var x in _list) Use(x);                   //! read _list
        for (int i = 0; i < _count; i++) Use(i);           //! read _count
        Func<int, int> f = _count => _count + 1;
        Func<int> g = () => _count;                        //! read _count
        Use(_list is null ? Name : "", x => x.Name);       //! read _list //! read Name
        var last = _list[^1..];                            //! read _list
        var all = from item in _list select item + _count; //! read _list //! read _count
    }

    void Shadowed(string Name, int count)
    {
        Use(Name, this.Name);                              //! read Name
        Name = "";
        int _count = 1;
        _count++;
        this._count = _count;                              //! write _count
    }

    void Writes(Outer other)
    {
        _count++;                                          //! write _count //! read _count
        _count += 2;                                       //! write _count //! read _count
        Outer.s_total = 1;                                 //! write s_total
        other.Name = "";                                   //! write Name
        _map[_count] = 1;                                  //! write _map //! read _count
        _list.Add(1);                                      //! write _list
        if (_list.Remove(2)) _list?.Clear();               //! write _list //! write _list
        other._list.Add(3);                                //! write _list
        _text.Insert(0, "a");                              //! read _text
        Parse(out _count, ref s_total);                    //! write _count //! write s_total //! read s_total
        (_count, var rest) = (1, 2);                       //! write _count
        Changed += OnChanged;                              //! write Changed
        var local = new List<int>();
        local.Add(1);
        undeclared = 5;                                    //! write undeclared
        command.Parameters.Add(1);
    }

    void Captures(int parameter)
    {
        var n = 0;
        var seen = new List<int>();
        Run(() => { n++; var own = 1; own = 2; });         //! write n
        Run(() => seen.Add(n));                            //! write seen
        void Local() { parameter = 1; n = 3; }             //! write parameter //! write n
        n = 4;
    }

    class Inner
    {
        private int _own;

        int M() => _own + _count + s_total;                //! read _own //! read s_total
    }
}

partial class Parts
{
    private int _one;
}

partial class Parts
{
    int One() => _one;                                     //! read _one
}

class Primary(Db db) : Base
{
    int M() => db.Rows.Count();                            //! read db //! read Count
}
