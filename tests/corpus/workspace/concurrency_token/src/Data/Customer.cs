using System.ComponentModel.DataAnnotations;

namespace Shop.Data;

public class Customer
{
    public int Id { get; set; }

    public string Name { get; set; } = "";

    [Timestamp]
    public byte[] Version { get; set; } = []; //@other
}
