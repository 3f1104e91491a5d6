using System;
using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Import;

var options = new DbContextOptionsBuilder<ShopContext>().UseSqlServer(args[0]).Options;
using var db = new ShopContext(options);
var import = new StockImport(db);

using (var scope = new TransactionScope()) //@scope
{
    import.Load(args[1]); //@call
    scope.Complete(); //@complete
} //@end

Console.WriteLine("done");
