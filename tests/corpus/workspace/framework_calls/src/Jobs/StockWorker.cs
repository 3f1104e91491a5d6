using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Hosting;

namespace Shop.Jobs;

public class StockWorker : BackgroundService
{
    private int _rounds;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            _rounds++; //@write
            await Task.Delay(TimeSpan.FromMinutes(1), stoppingToken);
        }
    }
}
