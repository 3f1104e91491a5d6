using Shop.Stock;

var shelf = new Shelf();
var clerk = new Clerk(shelf);

clerk.Pick(1001);
shelf.Take(1002);
