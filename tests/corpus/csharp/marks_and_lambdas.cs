using System.Runtime.CompilerServices;

class Marks
{
    [MethodImpl(MethodImplOptions.Synchronized)] //+ lock MethodImplOptions.Synchronized attribute this
    void Synchronized()
    {
    }                                            //- lock MethodImplOptions.Synchronized attribute this

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Inlined() { }

    void Executor()
    {
        _strategy.ExecuteInTransaction(
            () =>                                //+ transaction ExecuteInTransaction callback _strategy
            {
                Work();
            },                                   //- transaction ExecuteInTransaction callback _strategy
            () => Verified());
    }
}
