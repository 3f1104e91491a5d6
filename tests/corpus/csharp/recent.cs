// What C# 14 and 15 brought. The grammar knows little of it.
using System;
using System.Collections.Generic;
using System.Data;
using System.Threading;

namespace Corpus;

public union Answer(Found, Missing, (int Code, string Reason));

[Serializable]
internal readonly partial union OneOrMore<T>(T, IEnumerable<T>) : ICounted
    where T : class
{
    private static readonly Lock _gate = new();
    private static int _asked;

    public IEnumerable<T> AsEnumerable() => Value switch   //+ function method AsEnumerable
    {
        IEnumerable<T> several => several,
        T one => [one],
    };                                                     //- function method AsEnumerable

    public int Count()                                     //+ function method Count
    {
        lock (_gate)                                       //+ lock lock block _gate
        {
            _asked++;                                      //! read _asked //! write _asked
            return _asked;                                 //! read _asked //! exit return
        }                                                  //- lock lock block _gate
    }                                                      //- function method Count

    public union Inner(int, string);
}

public closed record class GateState;

public closed partial class Gate
{
    private readonly object _sync = new();
    private int _passed;

    public void Pass(IDbConnection connection, int[][] grid)   //+ function method Pass
    {
        using var tx = connection.BeginTransaction();      //+ transaction BeginTransaction declaration tx
        rows:
        for (int row = 0; row < grid.Length; row++)
        {
            lock (_sync)                                   //+ lock lock block _sync
            {
                foreach (var cell in grid[row])
                {
                    if (cell == 1)
                    {
                        continue rows;                     //! exit continue
                    }

                    if (cell == 2)
                    {
                        break rows;                        //! exit break
                    }

                    _passed++;                             //! read _passed //! write _passed
                }
            }                                              //- lock lock block _sync
        }

        tx.Commit();                                       //! complete Commit
    }                                                      //- transaction BeginTransaction declaration tx //- function method Pass

    public List<string> Names(IReadOnlyList<string> values)    //+ function method Names
    {
        List<string> names = [with(capacity: values.Count * 2), .. values];
        return names;                                      //! exit return
    }                                                      //- function method Names
}

public static class BitExtensions
{
    extension(int i)
    {
        public bool this[int index]
        {
            get => (i & (1 << index)) != 0;                //+ function accessor this[].get //- function accessor this[].get
            set { lock (typeof(Gate)) { Log(index); } }   //+ function accessor this[].set //- function accessor this[].set //+ lock lock block typeof(Gate) //- lock lock block typeof(Gate)
        }
    }
}

public static class Native
{
    internal static safe extern int Open(string name);     //+ function method Open //- function method Open
}

public class Kept
{
    private readonly object _gate = new();

    public string Name => field ??= Find();                //+ function property Name //- function property Name //! read Name //! write Name

    public static int Hits { get { return field; } set => field++; }   //+ function accessor Hits.get //- function accessor Hits.get //+ function accessor Hits.set //- function accessor Hits.set //! exit return //! read Hits //! read Hits //! write Hits

    public int Total
    {
        get => field;                                      //+ function accessor Total.get //- function accessor Total.get //! read Total
        set                                                //+ function accessor Total.set
        {
            lock (_gate)                                   //+ lock lock block _gate
            {
                Changing(ref field, value);                //! read Total //! write Total
                Run(() => field);                          //+ function lambda lambda //- function lambda lambda //! read Total
            }                                              //- lock lock block _gate
        }                                                  //- function accessor Total.set
    }

    public int Local
    {
        get { var field = 3; return field; }               //+ function accessor Local.get //- function accessor Local.get //! exit return
    }

    public void Plain(int field) => Use(field);            //+ function method Plain //- function method Plain

    public event Action Changed { add { field(); } remove { } }   //+ function accessor Changed.add //- function accessor Changed.add //+ function accessor Changed.remove //- function accessor Changed.remove

    [Named(field = 1)]
    public int Last { get; set => field = Math.Max(value, this.Total); }   //+ function accessor Last.get //- function accessor Last.get //+ function accessor Last.set //- function accessor Last.set //! write Last //! read Total
}

public class Older
{
    private int field;

    public int Value { get => field; }                     //+ function accessor Value.get //- function accessor Value.get //! read field
}
