using System.Threading.Tasks;

namespace Shop.Reports;

public class ReportQueue
{
    private readonly object _gate = new();
    private readonly ReportWriter _writer = new();
    private Task _running = Task.CompletedTask;

    public void Start(string name)
    {
        lock (_gate)
        {
            _running = Task.Run(() => _writer.Write(name));
        }
    }
}
