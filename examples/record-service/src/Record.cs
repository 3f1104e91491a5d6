namespace Records;

public enum RecordStatus
{
    Pending,
    Claimed,
    Done,
}

/// <summary>A unit of work that exactly one worker processes.</summary>
public sealed class Record
{
    public Guid Id { get; set; }

    public Guid TenantId { get; set; }

    public required string ExternalId { get; set; }

    public RecordStatus Status { get; set; }

    public string? ClaimedBy { get; set; }

    public DateTime? ClaimedAtUtc { get; set; }
}

/// <summary>What a caller outside this project gets to see of a record.</summary>
public sealed record RecordView(Guid Id, string ExternalId, RecordStatus Status, string? ClaimedBy);

/// <summary>Claim attempts of this process since it started.</summary>
public readonly record struct RecordStats(int Claimed, int Refused);
