/** Cuts a SQL file into its statements, since ClickHouse takes one at a time over HTTP. Knows strings, names and comments. */

/** What may hold a semicolon that ends nothing; a comment is dropped, the rest is kept. */
const TOKEN = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|--[^\n]*|\/\*[\s\S]*?\*\/|;/g;

export function sqlStatements(text: string): string[] {
  const statements: string[] = [];
  let statement = '';
  let from = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    statement += text.slice(from, index);
    from = index + token.length;
    if (token === ';') {
      statements.push(statement);
      statement = '';
    } else if (!token.startsWith('--') && !token.startsWith('/*')) {
      statement += token;
    }
  }
  statements.push(statement + text.slice(from));
  return statements.map((cut) => cut.trim()).filter((cut) => cut !== '');
}
