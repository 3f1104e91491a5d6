using System.Collections.Generic;

namespace Shop.Carts;

public class Cart
{
    private readonly Dictionary<int, int> _quantities = new();

    public virtual void Add(int sku, int quantity)
    {
        _quantities[sku] = _quantities.GetValueOrDefault(sku) + quantity; //@write
    }
}
