using Shop.Stock;

var book = new StockBook();
book.Put(1001, 5);
