/** What is selected of otel_traces so that rows can be read into spans: times in full, as integers. */
import { SPAN_COLUMNS } from '../../core/rows/spanColumns.ts';

/** The list after SELECT; rows are StoredSpan, with 64-bit integers in quotes. */
export const SPAN_SELECT = Object.entries(SPAN_COLUMNS)
  .map(([name, type]) => {
    if (type === 'DateTime64(9)') return `toString(toUnixTimestamp64Nano(\`${name}\`)) AS \`${name}\``;
    if (type === 'Array(DateTime64(9))') {
      return `arrayMap(t -> toString(toUnixTimestamp64Nano(t)), \`${name}\`) AS \`${name}\``;
    }
    return type === 'UInt64' ? `toString(\`${name}\`) AS \`${name}\`` : `\`${name}\``;
  })
  .join(', ');
