using System.ComponentModel.DataAnnotations;

namespace Shop.Data;

public class Account
{
    public int Id { get; set; }

    [MaxLength(80)]
    public string Holder { get; set; } = "";

    public decimal Balance { get; set; }

    [Timestamp] //@timestamp
    public byte[] Version { get; set; } = []; //@version
}
