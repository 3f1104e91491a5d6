using System.Transactions;

namespace Records;

/// <summary>The same claim as in <see cref="RecordService"/>, with its intent written down.</summary>
public sealed class DocumentedRecordService
{
    private readonly RecordsDbContext _db;

    public DocumentedRecordService(RecordsDbContext db)
    {
        _db = db;
    }

    public bool UpdateRecord(Guid tenantId, Guid recordId, string worker)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(worker);

        // Two workers must never claim the same record. RepeatableRead keeps the lock on the row that
        // is read here until the scope ends, so nobody can change it between the check and the write.
        // The record must stay tracked: SaveChanges sends no UPDATE for an entity it does not track.
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
}
