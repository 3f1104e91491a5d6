using Shop.Stock;

var book = new StockBook();
book.Put(1001, 20);
book.Take(1001, 3);
