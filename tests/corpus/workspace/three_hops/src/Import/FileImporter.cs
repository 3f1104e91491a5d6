using System.IO;

namespace Shop.Import;

public class FileImporter
{
    private readonly RowImporter _rows;

    public FileImporter(RowImporter rows)
    {
        _rows = rows;
    }

    public void Import(string path)
    {
        foreach (var line in File.ReadLines(path))
        {
            _rows.Import(line.Split(';')); //@call
        }
    }
}
