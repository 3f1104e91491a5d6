using Microsoft.EntityFrameworkCore;

namespace Shop.Data;

public class BankContext : DbContext
{
    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<Customer> Customers => Set<Customer>();
}
