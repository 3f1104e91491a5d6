using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Records;

public sealed class RecordService
{
    private const int MaxPage = 200;

    private static readonly object _statsLock = new();
    private static readonly SemaphoreSlim _importGate = new(1, 1);
    private static int _claimed, _refused;

    private readonly RecordsDbContext _db;
    private readonly ILogger<RecordService> _logger;

    public RecordService(RecordsDbContext db, ILogger<RecordService> logger)
    {
        _db = db;
        _logger = logger;
    }

    public bool UpdateRecord(Guid tenantId, Guid recordId, string worker)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(worker);

        using (var scope = new TransactionScope(TransactionScopeOption.Required,
            new TransactionOptions { IsolationLevel = IsolationLevel.RepeatableRead }))
        {
            var record = _db.Records
                .Where(r => r.TenantId == tenantId)
                .FirstOrDefault(r => r.Id == recordId);

            if (record == null || record.Status != RecordStatus.Pending)
            {
                return false;
            }

            record.Status = RecordStatus.Claimed;
            record.ClaimedBy = worker;
            record.ClaimedAtUtc = DateTime.UtcNow;
            _db.SaveChanges();
            scope.Complete();
            return true;
        }
    }

    public RecordView? GetRecord(Guid tenantId, string externalId)
    {
        var record = _db.Records
            .Where(r => r.TenantId == tenantId)
            .FirstOrDefault(r => r.ExternalId == externalId);

        return record == null ? null : ToView(record);
    }

    public IReadOnlyList<RecordView> FindPending(Guid tenantId)
    {
        var pending = _db.Records
            .Where(r => r.TenantId == tenantId && r.Status == RecordStatus.Pending)
            .OrderBy(r => r.ExternalId)
            .Take(MaxPage)
            .ToList();

        return pending.ConvertAll(ToView);
    }

    public void CountAttempt(bool claimed)
    {
        lock (_statsLock)
        {
            if (claimed)
            {
                _claimed++;
            }
            else
            {
                _refused++;
            }
        }
    }

    public RecordStats GetStats()
    {
        lock (_statsLock)
        {
            return new RecordStats(_claimed, _refused);
        }
    }

    public async Task<int> ImportAsync(
        Guid tenantId, IReadOnlyCollection<string> externalIds, CancellationToken cancellationToken)
    {
        await _importGate.WaitAsync(cancellationToken);
        try
        {
            var known = await _db.Records
                .Where(r => r.TenantId == tenantId && externalIds.Contains(r.ExternalId))
                .Select(r => r.ExternalId)
                .ToListAsync(cancellationToken);

            foreach (var externalId in externalIds.Except(known))
            {
                _db.Records.Add(new Record { TenantId = tenantId, ExternalId = externalId });
            }

            var added = await _db.SaveChangesAsync(cancellationToken);
            _logger.LogInformation("Imported {Count} records for tenant {TenantId}.", added, tenantId);
            return added;
        }
        finally
        {
            _importGate.Release();
        }
    }

    private static RecordView ToView(Record record)
    {
        return new RecordView(record.Id, record.ExternalId, record.Status, record.ClaimedBy);
    }
}
