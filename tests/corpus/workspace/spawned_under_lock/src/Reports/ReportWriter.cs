namespace Shop.Reports;

public class ReportWriter
{
    private int _written;

    public int Written => _written;

    public void Write(string name)
    {
        _written++; //@write
    }
}
