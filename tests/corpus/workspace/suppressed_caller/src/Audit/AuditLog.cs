using System.Collections.Generic;

namespace Shop.Audit;

public class AuditLog
{
    private readonly List<string> _lines = new();

    public void Note(string line)
    {
        _lines.Add(line); //@write
    }
}
