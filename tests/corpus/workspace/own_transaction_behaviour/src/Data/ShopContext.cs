using Microsoft.EntityFrameworkCore;

namespace Shop.Data;

public class ShopContext : DbContext
{
    public ShopContext(DbContextOptions<ShopContext> options)
        : base(options)
    {
    }

    public DbSet<Item> Items => Set<Item>();

    public DbSet<Order> Orders => Set<Order>();
}
