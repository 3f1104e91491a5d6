using System;

namespace Corpus;

public class Everything : IDisposable
{
    private readonly int _a, _b;

    [Obsolete]                                   //+ function constructor Everything
    public Everything(int a) : this()
    {
        _a = a;
    }                                            //- function constructor Everything

    private Everything() => _b = 1;              //+ function constructor Everything 1 //- function constructor Everything 1

    ~Everything()                                //+ function finalizer Everything
    {
    }                                            //- function finalizer Everything

    public int Automatic { get; set; }           //+ function accessor Automatic.get //- function accessor Automatic.get //+ function accessor Automatic.set //- function accessor Automatic.set

    public int Computed                          //+ function property Computed
        => _a + _b;                              //- function property Computed

    public int Guarded
    {
        get { return _a; }                       //+ function accessor Guarded.get //- function accessor Guarded.get
        [Obsolete]                               //+ function accessor Guarded.set
        private set
        {
        }                                        //- function accessor Guarded.set
    }

    public int this[int i] => i;                 //+ function indexer this[] //- function indexer this[]

    public event EventHandler Changed
    {
        add { }                                  //+ function accessor Changed.add //- function accessor Changed.add
        remove { }                               //+ function accessor Changed.remove //- function accessor Changed.remove
    }

    public static Everything operator +(         //+ function operator operator +
        Everything a, Everything b) => a;        //- function operator operator +

    public static implicit operator int(Everything e) => e._a; //+ function conversion operator operator int //- function conversion operator operator int

    /// <summary>A comment before a member is not part of it.</summary>
    public T Generic<T>(                         //+ function method Generic
        T value)
        where T : class
    {
        int Twice(int n)                         //+ function local function Twice
        {
            return n * 2;
        }                                        //- function local function Twice

        static int Once(int n) => n;             //+ function local function Once //- function local function Once
        Func<int, int> f = n => n;               //+ function lambda lambda //- function lambda lambda
        Func<int, int> g = delegate (int n)      //+ function lambda lambda 1
        {
            return n;
        };                                       //- function lambda lambda 1
        return value;
    }                                            //- function method Generic

    void IDisposable.Dispose() { }               //+ function method Dispose //- function method Dispose

    public partial struct Nested
    {
        public abstract class Deeper
        {
            protected abstract void Nothing();   //+ function method Nothing //- function method Nothing
        }
    }
}

public record Point(int X, int Y)
{
    public int Sum() => X + Y;                   //+ function method Sum //- function method Sum
}

public interface IThing
{
    void Do();                                   //+ function method Do //- function method Do
}
