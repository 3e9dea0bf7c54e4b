//! Comma-separated values: read whole; the type of a column is what all its fields can be.
use terracube_cube::data::{Attributes, Variable};
use terracube_cube::{Block, Calendar, DType, Dims, Encoding, Error, Result, TimeUnit};

use super::ROW;
use crate::netcdf::FileBytes;

/// Tables larger than this are not read.
const MAX_BYTES: u64 = 2 << 30;
/// Fields that stand for nothing, beside the empty one.
const MISSING: [&str; 6] = ["na", "n/a", "nan", "null", "none", "nat"];

/// The columns of a table with a line of names. A second line that holds only units, as ERDDAP writes it, becomes attributes.
pub(super) fn open(file: &FileBytes) -> Result<Vec<(String, Variable)>> {
    if file.len() > MAX_BYTES {
        return Err(Error::unsupported(format!("the table holds {} bytes, at most {MAX_BYTES} are read", file.len()))
            .hint("write it as Parquet, which is read in parts"));
    }
    let bytes = file.read(0..file.len())?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut form = csv::ReaderBuilder::new();
    form.delimiter(delimiter(text)).trim(csv::Trim::All).comment(Some(b'#'));
    let mut reader = form.from_reader(text.as_bytes());
    let broken = |error: csv::Error| Error::corrupt(format!("the table cannot be understood: {error}"));
    let names: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let mut fields: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        let record = record.map_err(broken)?;
        for (column, field) in fields.iter_mut().zip(record.iter()) {
            column.push(field.to_owned());
        }
    }
    let units = units(&mut fields);
    let mut columns = Vec::with_capacity(names.len());
    for (at, (name, fields)) in names.into_iter().zip(fields).enumerate() {
        let name = if name.is_empty() { format!("column_{at}") } else { name };
        let mut attributes = Attributes::new();
        let block = block(&fields)?;
        if let Some(unit) = units.as_ref().and_then(|units| units.get(at)).filter(|unit| !unit.is_empty())
            && !matches!(block.dtype(), DType::Time { .. })
        {
            attributes.set("units", unit.clone());
        }
        let variable = Variable::from_block(Dims::new([ROW])?, block);
        columns.push((name, variable.with_attrs(attributes).with_encoding(Encoding::default())));
    }
    Ok(columns)
}

/// The character that parts the names.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    [(b',', ','), (b';', ';'), (b'\t', '\t')]
        .into_iter()
        .max_by_key(|(byte, c)| (count(*c), *byte == b','))
        .map_or(b',', |(byte, _)| byte)
}

/// Takes a line of units off: one in which no field is a number or a date, where below it some column is nothing else.
fn units(fields: &mut [Vec<String>]) -> Option<Vec<String>> {
    let is_value = |field: &str| field.parse::<f64>().is_ok() || time_of(field).is_some();
    let first: Vec<&String> = fields.iter().filter_map(|column| column.first()).collect();
    let tells = |column: &Vec<String>| {
        let mut below = column.iter().skip(1).filter(|field| !is_missing(field)).peekable();
        below.peek().is_some() && below.all(|field| is_value(field))
    };
    if first.iter().any(|field| is_value(field)) || first.len() < 2 || !fields.iter().any(tells) {
        return None;
    }
    // Where a column of numbers has a word first, the line is one of units; a word that means missing is none.
    let has_word = fields.iter().any(|column| tells(column) && !column.first().is_none_or(|field| is_missing(field)));
    has_word.then(|| fields.iter_mut().map(|column| column.remove(0)).collect())
}

fn is_missing(field: &str) -> bool {
    field.is_empty() || MISSING.contains(&field.to_ascii_lowercase().as_str())
}

/// Integers, floats, truth values, times, or text.
fn block(fields: &[String]) -> Result<Block> {
    let shape = [fields.len()];
    let present = || fields.iter().filter(|field| !is_missing(field));
    let is_whole = present().next().is_some() && present().count() == fields.len();
    if is_whole && let Some(values) = fields.iter().map(|field| field.parse::<i64>().ok()).collect() {
        return Block::new::<i64>(&shape, values);
    }
    let truth = |field: &String| match field.to_ascii_lowercase().as_str() {
        "true" => Some(1u8),
        "false" => Some(0),
        _ => None,
    };
    if is_whole && let Some(values) = fields.iter().map(truth).collect() {
        return Block::with_dtype::<u8>(DType::Bool, &shape, values);
    }
    let number = |field: &String| if is_missing(field) { Some(f64::NAN) } else { field.parse::<f64>().ok() };
    if let Some(values) = fields.iter().map(number).collect() {
        return Block::new::<f64>(&shape, values);
    }
    let time = |field: &String| if is_missing(field) { Some(i64::MIN) } else { time_of(field) };
    if let Some(values) = fields.iter().map(time).collect() {
        let dtype = DType::Time { unit: TimeUnit::Us, calendar: Calendar::Standard };
        return Block::with_dtype::<i64>(dtype, &shape, values);
    }
    Block::from_strings(&shape, fields)
}

/// Microseconds since 1970 of an ISO 8601 date or instant; a zone is taken into account.
fn time_of(field: &str) -> Option<i64> {
    let is_date =
        field.len() >= 8 && field.as_bytes()[..4].iter().all(u8::is_ascii_digit) && field[4..].starts_with('-');
    if !is_date {
        return None;
    }
    let (text, shift) = match field.strip_suffix(['Z', 'z']) {
        Some(rest) => (rest.to_owned(), 0),
        None => match field.get(10..).and_then(|clock| clock.rfind(['+', '-'])).map(|at| field.split_at(at + 10)) {
            Some((rest, zone)) => (rest.to_owned(), minutes(zone)?),
            None => (field.to_owned(), 0),
        },
    };
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((&text, ""));
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if parts.next().is_some() {
        return None;
    }
    let days = Calendar::Standard.days_from_date(year, month, day).ok()?;
    let mut clock = clock.split(':');
    let mut next = || clock.next().filter(|part| !part.is_empty()).map_or(Some(0.0), |part| part.parse::<f64>().ok());
    let (hour, minute, second) = (next()?, next()?, next()?);
    let inside = (0.0..24.0).contains(&hour) && (0.0..60.0).contains(&minute) && (0.0..61.0).contains(&second);
    let seconds = days.checked_mul(86_400)? + hour as i64 * 3600 + (minute as i64 - shift) * 60;
    inside.then(|| seconds.checked_mul(1_000_000).map(|whole| whole + (second * 1e6).round() as i64)).flatten()
}

/// "+01:00", "-0330", "+02" as minutes.
fn minutes(zone: &str) -> Option<i64> {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    let (hours, rest) = digits.split_at_checked(2)?;
    let rest = if rest.is_empty() { 0 } else { rest.parse::<i64>().ok()? };
    Some(sign * (hours.parse::<i64>().ok()? * 60 + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(text: &str) -> Vec<(String, String)> {
        let columns = open(&FileBytes::memory("t.csv", text.as_bytes().to_vec())).unwrap();
        columns.into_iter().map(|(name, v)| (name, v.dtype().name())).collect()
    }

    #[test]
    fn columns_are_what_all_their_fields_can_be() {
        let types = opened("a,b,c,d,e,f\n1,1.5,true,2001-02-03,x,\n2,,false,,\"y, z\",3\n");
        let types: Vec<&str> = types.iter().map(|(_, dtype)| dtype.as_str()).collect();
        assert_eq!(types, ["int64", "float64", "bool", "datetime64[us]", "string", "float64"]);
        assert_eq!(opened("a;b\n1;2\n")[1], ("b".into(), "int64".into()));
        let columns =
            open(&FileBytes::memory("t", b"time,sst\nUTC,degree_C\n2001-01-01T00:00:00Z,3.5\n".to_vec())).unwrap();
        assert_eq!(columns[1].1.attrs().text("units"), Some("degree_C"));
        assert_eq!(columns[0].1.dtype().name(), "datetime64[us]");
        assert!(open(&FileBytes::memory("t", b"a,b\n1,2\n1,2,3\n".to_vec())).is_err());
    }

    #[test]
    fn dates_and_zones_are_instants() {
        let rows = [
            ("1970-01-01", Some(0)),
            ("1970-01-01T00:00:01.5Z", Some(1_500_000)),
            ("1970-01-01 01:00:00+01:00", Some(0)),
            ("1970-01-01T00:00-0130", Some(5_400_000_000)),
            ("1970-13-01", None),
            ("1970-01-01T25:00", None),
            ("12-01-1970", None),
            ("1970-1", None),
        ];
        for (text, expected) in rows {
            assert_eq!(time_of(text), expected, "{text}");
        }
    }
}
