namespace Shop;

public partial class Job
{
    private int _done;

    private partial void Step(int n)
    {
        _done += n; //@write
    }
}
