using Microsoft.EntityFrameworkCore;

namespace Shop.Payments;

public class PaymentContext : DbContext
{
    public DbSet<Payment> Payments => Set<Payment>();
}

public class Payment
{
    public int Id { get; set; }

    public decimal Paid { get; set; }

    public decimal Refunded { get; set; }
}
