using Shop.Prices;

var list = new PriceList();
var import = new PriceImport(list);

import.Load(args[0]);
list.Set(0, 0m);
