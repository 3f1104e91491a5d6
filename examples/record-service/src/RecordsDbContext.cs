using Microsoft.EntityFrameworkCore;

namespace Records;

public sealed class RecordsDbContext : DbContext
{
    public RecordsDbContext(DbContextOptions<RecordsDbContext> options)
        : base(options)
    {
    }

    public DbSet<Record> Records => Set<Record>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Record>(entity =>
        {
            entity.ToTable("Records");
            entity.HasKey(r => r.Id);
            entity.Property(r => r.ExternalId).HasMaxLength(64);
            entity.Property(r => r.Status).HasConversion<string>().HasMaxLength(16);
            entity.Property(r => r.ClaimedBy).HasMaxLength(128);
            entity.HasIndex(r => new { r.TenantId, r.ExternalId }).IsUnique();
        });
    }
}
