#define LOGGED
#define TRACED
#undef TRACED

public class ChosenAttributes
{
#if MONO
    [Fact(Skip = "slow")]
#else
    [Fact]                                       //+ function method Otherwise
#endif
    public void Otherwise() { }                  //- function method Otherwise

#if !NET35
    [Fact]                                       //+ function property Unless
#endif
    public int Unless => 1;                      //- function property Unless

#if NET35
    // only there
    [Fact]
#endif
    // everywhere
    public void Never() { }                      //+ function method Never //- function method Never

#if NET35
    [Fact]
#elif LOGGED
    [Logged]                                     //+ function method Defined
#else
    [Other]
#endif
    public void Defined() { }                    //- function method Defined

#if TRACED
    [Traced]
#endif
#if LOGGED
    [Logged]                                     //+ function method Second
#endif
    [Fact]
    public void Second() { }                     //- function method Second

    [Fact]                                       //+ function method First
#if NET35
    [Slow]
#endif
    public void First() { }                      //- function method First
}
