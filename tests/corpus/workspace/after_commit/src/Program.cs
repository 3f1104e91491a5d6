using System.Threading;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Notices;
using Shop.Orders;

var options = new DbContextOptionsBuilder<ShopContext>().UseSqlite("Data Source=shop.db").Options;
await using var db = new ShopContext(options);
var orders = new OrderService(db, new NoticeBoard());
var order = new Order { Sku = 1001, Quantity = 2 };

await orders.PlaceAsync(order, CancellationToken.None);
orders.Cancel(order);
