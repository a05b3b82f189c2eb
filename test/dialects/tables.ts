/** A table of a Markdown document. */
export interface Table {
  /** Headings above it, outermost first. */
  readonly headings: readonly string[];
  readonly columns: readonly string[];
  /** Cells by their column's name, without the marks of code. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** All tables of a document, in their order. Cells hold no vertical bars. */
export function tablesOf(markdown: string): Table[] {
  const tables: Table[] = [];
  const headings: string[] = [];
  let open: { columns: string[]; rows: Record<string, string>[] } | undefined;
  for (const line of markdown.split('\n')) {
    const [, marks, heading = ''] = /^(#+) (.*)$/.exec(line) ?? [];
    if (marks !== undefined) headings.splice(marks.length - 1, Infinity, heading);
    if (!line.startsWith('|')) open = undefined;
    else if (open === undefined) {
      open = { columns: cellsOf(line), rows: [] };
      tables.push({ ...open, headings: [...headings] });
    } else if (!/^\|[ :|-]+\|$/.test(line)) {
      const cells = cellsOf(line);
      if (cells.length !== open.columns.length) throw new Error(`a row of ${cells.length} cells: ${line}`);
      open.rows.push(Object.fromEntries(open.columns.map((column, index) => [column, cells[index] ?? ''])));
    }
  }
  return tables;
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim().replaceAll('`', ''));
}
