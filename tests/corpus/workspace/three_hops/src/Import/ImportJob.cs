namespace Shop.Import;

public class ImportJob
{
    private readonly object _running = new();
    private readonly FileImporter _files;

    public ImportJob(FileImporter files)
    {
        _files = files;
    }

    public void Run(string path)
    {
        lock (_running) //@lock
        {
            _files.Import(path); //@call
        } //@end
    }
}
