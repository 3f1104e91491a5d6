"""The roles that a grammar's nodes may play, and the parts that they may have: the words of ``[roles]`` and ``[fields]``."""


class Roles:
    """The node types that play a role, each a set of their names."""

    names: frozenset[str]
    """A simple name on its own, also the words for the object at hand and for its base."""
    identifiers: frozenset[str]
    selves: frozenset[str]
    """The word for the object at hand."""
    accesses: frozenset[str]
    """``a.b``, with its fields ``object`` and ``member``."""
    conditional_accesses: frozenset[str]
    """``a?.b``, its last part a ``bindings`` node."""
    bindings: frozenset[str]
    generics: frozenset[str]
    """A name with type arguments."""
    qualified_names: frozenset[str]
    calls: frozenset[str]
    creations: frozenset[str]
    """``new T(...)``."""
    implicit_creations: frozenset[str]
    """``new(...)``, whose type a declaration names."""
    made: frozenset[str]
    """Creations of objects and arrays that name the type."""
    argument_lists: frozenset[str]
    arguments: frozenset[str]
    """What wraps an argument in a list of them; empty where it is there on its own."""
    type_argument_lists: frozenset[str]
    lambdas: frozenset[str]
    deferred: frozenset[str]
    """Functions inside another one, which run later."""
    awaits: frozenset[str]
    casts: frozenset[str]
    conversions: frozenset[str]
    """Casts that give nothing where they fail: ``as``."""
    parenthesized: frozenset[str]
    binaries: frozenset[str]
    assignments: frozenset[str]
    negations: frozenset[str]
    steps: frozenset[str]
    """What may be ``x++`` or ``--x``."""
    conditionals: frozenset[str]
    """``a ? b : c``."""
    ifs: frozenset[str]
    tries: frozenset[str]
    catches: frozenset[str]
    catch_declarations: frozenset[str]
    catch_filters: frozenset[str]
    finallies: frozenset[str]
    arms: frozenset[str]
    """Sections, arms and catches, of which one alone runs."""
    sections: frozenset[str]
    """Sections of a ``switch``, which list their labels and statements."""
    blocks: frozenset[str]
    expression_bodies: frozenset[str]
    """``=> value``, what a function gives."""
    statement_lists: frozenset[str]
    """Blocks, sections and files: what lists statements."""
    statements: frozenset[str]
    expression_statements: frozenset[str]
    local_declarations: frozenset[str]
    returns: frozenset[str]
    throws: frozenset[str]
    postponed: frozenset[str]
    """Statements that run when their function ends: ``defer``."""
    jumps: frozenset[str]
    """Statements that may stay in a scope: what goes to the end or to a part of what is around them, and ``yields``."""
    breaks: frozenset[str]
    gotos: frozenset[str]
    yields: frozenset[str]
    switches: frozenset[str]
    loops: frozenset[str]
    each_loops: frozenset[str]
    """Loops over what a collection has."""
    subject_statements: frozenset[str]
    """What holds what its header opens: ``using``."""
    subject_words: frozenset[str]
    """The keyword that makes a declaration one of what holds something to the end of its statement list."""
    passed: frozenset[str]
    """What holds a block that is run once, whenever it is reached."""
    declarations: frozenset[str]
    variable_groups: frozenset[str]
    """The type and the variables of one declaration, where the grammar has a node for them."""
    variables: frozenset[str]
    """One variable of a declaration."""
    fields: frozenset[str]
    """Declarations of fields and events."""
    parameters: frozenset[str]
    bare_parameters: frozenset[str]
    """Parameters without a type, which are their name."""
    declared_in_place: frozenset[str]
    """A variable that an argument or pattern declares."""
    named_by_first: frozenset[str]
    """Declarations that have no field for their name."""
    bounds: frozenset[str]
    """What a local variable ends with."""
    untyped: frozenset[str]
    """What stands for the type of a variable that is declared without one."""
    modifiers: frozenset[str]
    modifier_lists: frozenset[str]
    """What holds the words for all modifiers, in grammars that have no nodes for each."""
    explicit_members: frozenset[str]
    """The mark of a member that only an interface's name reaches."""
    namespaces: frozenset[str]
    namespaces_of_files: frozenset[str]
    """A namespace of all types that follow."""
    imports: frozenset[str]
    type_parameter_lists: frozenset[str]
    type_parameters: frozenset[str]
    attributes: frozenset[str]
    conditional_heads: frozenset[str]
    """Directives that may be in front of a member in its node."""
    comments: frozenset[str]
    queries: frozenset[str]
    query_sources: frozenset[str]
    """Where a query gets its rows."""
    tuples: frozenset[str]
    tuple_patterns: frozenset[str]
    pattern_tests: frozenset[str]
    """``x is pattern``."""
    pattern_wraps: frozenset[str]
    """What is around the pattern that declares a variable."""
    named_arguments: frozenset[str]
    lists: frozenset[str]
    """What holds code that may be left out piece by piece."""
    opening_wraps: frozenset[str]
    """What may be between an opening call and what gets its value."""
    branches: frozenset[str]
    """Conditional expressions and arms, which give the value of one of their parts."""
    value_wraps: frozenset[str]
    """What is looked through to the value in it."""
    literal_wraps: frozenset[str]
    """What is looked through to a literal."""
    targets: frozenset[str]
    """What is looked through to the name that is written."""
    chains: frozenset[str]
    """What a call's value passes on its way to the variable that gets it."""
    characters: frozenset[str]
    integers: frozenset[str]
    reals: frozenset[str]
    booleans: frozenset[str]
    nulls: frozenset[str]
    texts: frozenset[str]
    """String literals of all forms."""
    text_parts: frozenset[str]
    """What a text may be a part of before it goes somewhere."""
    text_tests: frozenset[str]
    """What compares a text."""
    text_targets: frozenset[str]
    """What gives a text a name."""
    member_initializers: frozenset[str]
    """Where the left side of an assignment names a member of the new object."""
    type_places: frozenset[str]
    """Where a name stands for a type."""
    no_values: frozenset[str]
    """Where a name is not an expression."""
    typed_names: frozenset[str]
    """Names that can only be a type's."""
    qualifying: frozenset[str]
    """Nodes whose name is not a declaration."""
    keeping: frozenset[str]
    """Where a method that is named alone is kept or handed on."""
    naming: frozenset[str]
    """Namespaces, imports and the names of arguments: their names are not uses."""


class Fields:
    """The fields of the grammar's nodes, by what they have."""

    callee: str
    """What a call calls; without one, the call has the parts of an access itself."""
    object: str
    """What a member is asked of."""
    conditional_object: str
    """The same of ``a?.b``."""
    member: str
    """The member that is asked for."""
    name: str
    type: str
    returns: str
    """The type that a function returns, where that is not ``type``."""
    body: str
    value: str
    arguments: str
    parameters: str
    left: str
    right: str
    operator: str
    pattern: str
    condition: str
    consequence: str
    alternative: str
