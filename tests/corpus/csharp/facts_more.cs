using System;

enum Kind { A, B }

class More
{
    public event EventHandler Changed;

    void Fire() => Changed += (sender, args) => { };   //! write Changed

    string M(object o, string path)
    {
        try
        {
            if (o is Row row) row.State = 1;           //! write State
            Parse(path, out var parsed);
            parsed = 2;
        }
        catch (Exception e)
        {
            e = null;
            goto end;                                  //! exit goto
        }
        switch (path)
        {
            default:
                break;                                 //! exit break
        }
        var verbatim = @"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"; //! sql-hint isolation level
        var raw = """ EXEC sp_getapplock @Resource = 'a' """; //! sql-hint application lock //+ lock SP_GETAPPLOCK sql - //- lock SP_GETAPPLOCK sql -
        foreach (var x in Many()) x.Done = true;       //! write Done
        o = path ?? throw new ArgumentNullException(); //! exit throw
    end:
        return verbatim + raw;                         //! exit return
    }

    IEnumerable<int> Many()
    {
        yield return 1;                                //! exit yield
    }
}
