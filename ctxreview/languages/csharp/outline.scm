; Which nodes of C# are functions, types, scopes and facts. Flat patterns compile at once; what a call
; means is looked up by its name in constructs.toml.

(method_declaration) @function
(constructor_declaration) @function
(destructor_declaration) @function
(operator_declaration) @function
(conversion_operator_declaration) @function
(property_declaration value: (arrow_expression_clause)) @function
(indexer_declaration value: (arrow_expression_clause)) @function
(accessor_declaration) @function
(local_function_statement) @function
(lambda_expression) @function
(anonymous_method_expression) @function
(global_statement) @function.run

(class_declaration) @type
(struct_declaration) @type
(record_declaration) @type
(interface_declaration) @type
(enum_declaration) @type

(field_declaration) @member
(event_field_declaration) @member
(event_declaration) @member
(property_declaration) @member
(indexer_declaration) @member

(lock_statement) @scope.lock
(using_statement) @scope.subject
(local_declaration_statement "using") @scope.subject.rest

(invocation_expression) @call
(object_creation_expression) @new
(implicit_object_creation_expression) @new
(attribute) @attribute
(string_literal) @text
(verbatim_string_literal) @text
(raw_string_literal) @text
(interpolated_string_expression) @text

(variable_declarator) @local
(parameter) @local
(implicit_parameter) @local
(foreach_statement) @local
(declaration_expression) @local
(declaration_pattern) @local
(catch_declaration) @local
(recursive_pattern) @local
(from_clause) @local
(let_clause) @local
(join_clause) @local
(join_into_clause) @local

(comment) @comment

(assignment_expression) @fact.write
(prefix_unary_expression) @fact.write
(postfix_unary_expression) @fact.write
(await_expression) @fact.await
(return_statement) @fact.exit
(throw_statement) @fact.exit
(throw_expression) @fact.exit
(yield_statement) @fact.exit
(break_statement) @fact.exit
(continue_statement) @fact.exit
(goto_statement) @fact.exit
