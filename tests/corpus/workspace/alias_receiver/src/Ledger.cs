namespace Shop.Data;

public class Ledger
{
    private int _total;

    public void Add(int amount)
    {
        _total += amount; //@write
    }

    public static void Close()
    {
        Console.WriteLine("closed"); //@static
    }
}
