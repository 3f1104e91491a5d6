namespace Shop.Counters;

public class Counter
{
    private int _value;

    public int Value => _value;

    public void Increment()
    {
        _value++; //@write
    }
}

public class NamedCounter : Counter
{
    public NamedCounter(string name)
    {
        Name = name;
    }

    public string Name { get; }
}
