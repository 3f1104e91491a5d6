// What C# 15 brought. The grammar knows none of it.
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
