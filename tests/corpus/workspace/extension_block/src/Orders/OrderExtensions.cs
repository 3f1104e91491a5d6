namespace Shop.Orders;

public static class OrderExtensions
{
    extension(Order order)
    {
        public void Reserve(int quantity)
        {
            order.Reserved += quantity; //@write
        }

        public bool IsReserved => order.Reserved > 0; //@read
    }

    extension(Order)
    {
        public static Order Next(Ledger ledger)
        {
            ledger.Last++; //@static
            return new Order { Id = ledger.Last };
        }
    }
}
