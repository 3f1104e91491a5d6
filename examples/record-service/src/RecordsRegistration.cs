using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Records;

public static class RecordsRegistration
{
    public static IServiceCollection AddRecords(this IServiceCollection services, string connectionString)
    {
        // No EnableRetryOnFailure: its strategy refuses to run inside a TransactionScope.
        services.AddDbContext<RecordsDbContext>(options => options.UseSqlServer(connectionString));
        services.AddScoped<RecordService>();
        services.AddScoped<DocumentedRecordService>();

        return services;
    }
}
