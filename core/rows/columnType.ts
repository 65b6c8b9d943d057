/** The column types that Earshot's tables use, by their ClickHouse names, and what stands for their values in JSON. */
type Scalar =
  | 'String'
  | 'FixedString(32)'
  | "DateTime64(3, 'UTC')"
  | "DateTime64(6, 'UTC')"
  | 'DateTime64(9)'
  | 'Bool'
  | 'UInt8'
  | 'UInt16'
  | 'UInt32'
  | 'Int16'
  | 'Int32'
  | 'Int64'
  | 'UInt64'
  | 'Float32'
  | 'Float64';

export type ColumnType =
  | Scalar
  | `Nullable(${Scalar})`
  | `Array(${Scalar})`
  | `Array(Nullable(${Scalar}))`
  | 'Array(LowCardinality(String))'
  | 'Array(Map(LowCardinality(String), String))'
  | 'LowCardinality(String)'
  | 'LowCardinality(Nullable(String))'
  | 'Map(LowCardinality(String), String)'
  | 'Map(LowCardinality(String), Float32)'
  | 'Map(LowCardinality(String), Float64)';

export type TypeOf<Type extends ColumnType> = Type extends `LowCardinality(${infer Inner extends ColumnType})`
  ? TypeOf<Inner>
  : Type extends `Nullable(${infer Inner extends ColumnType})`
    ? TypeOf<Inner> | null
    : Type extends `Array(${infer Inner extends ColumnType})`
      ? readonly TypeOf<Inner>[]
      : Type extends 'Map(LowCardinality(String), String)'
        ? Readonly<Record<string, string>>
        : Type extends 'Map(LowCardinality(String), Float32)' | 'Map(LowCardinality(String), Float64)'
          ? Readonly<Record<string, number>>
          : Type extends 'Bool'
            ? boolean
            : Type extends
                  | 'String'
                  | 'FixedString(32)'
                  | "DateTime64(3, 'UTC')"
                  | "DateTime64(6, 'UTC')"
                  | 'DateTime64(9)'
                  | 'UInt64'
              ? string
              : number;
