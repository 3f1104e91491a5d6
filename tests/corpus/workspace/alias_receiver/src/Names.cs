global using Book = Shop.Data.Ledger;
global using static Shop.Data.Ledger;
