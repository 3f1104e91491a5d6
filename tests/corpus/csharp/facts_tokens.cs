class Tokens
{
    [Timestamp]                                  //! token Timestamp
    public byte[] Version { get; set; }

    [System.ComponentModel.DataAnnotations.ConcurrencyCheckAttribute] //! token ConcurrencyCheck
    public int State { get; set; }

    void Configure(Builder builder, Db db)
    {
        builder.Property(x => x.Version).IsRowVersion(); //! token IsRowVersion
        try
        {
            db.SaveChanges();                    //! save SaveChanges
        }
        catch (DbUpdateConcurrencyException)     //! token DbUpdateConcurrencyException
        {
            Retry();
        }
        catch (Exception e) when (e is TimeoutException) { }
    }
}
