//! Selection by an expression of coordinates: `t.query("lat > 40 and time.month in [6, 7, 8]")`.
use super::time_component::time_component;
use super::{DataArray, Dataset};
use crate::base::{Block, DType, Error, Kind, PartialDate, Result};
use crate::compute::pointwise::BinaryOp;

impl DataArray {
    /// The positions of a dimension where an expression of its 1-D coordinates holds (xarray's `query`): comparisons (also chained:
    /// `0 <= lat < 30`), `and or not` (`& | !`), `+ - * / %`, `in [..]`, numbers, "text" and "dates", `time.month` and the like. Conditions on
    /// several dimensions are joined by `and` at the top. Reads the coordinates.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[3, 2], vec![1, 2, 3, 4, 5, 6])
    ///     .with_coord("lat", vec![-10.0, 20.0, 50.0]).with_coord("lon", vec![0.0, 90.0]);
    /// assert_eq!(t.query("lat > 0 and lon in [90]").to_vec::<i32>()?, [4, 6]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn query(&self, expression: &str) -> Self {
        let found = || -> Result<Self> {
            self.checked_ref()?;
            let find = |name: &str| self.coords().get(name).map(|_| self.coord(name));
            let names: Vec<String> = self.coords().names().map(ToOwned::to_owned).collect();
            let kept = positions(expression, &find, &names)?;
            kept.into_iter().fold(self.clone(), |array, (dim, at)| array.isel(&dim, at)).checked()
        };
        self.or_fail(found().map_err(|error| error.context(format!("query(\"{expression}\")"))))
    }

    fn checked_ref(&self) -> Result<()> {
        self.error().map_or(Ok(()), |error| Err(error.clone()))
    }
}

impl Dataset {
    /// The positions where an expression of 1-D coordinates and variables holds; see [`DataArray::query`]. Computes the variables that
    /// it names.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![0, 1, 2]).named("t").to_dataset();
    /// assert_eq!(dataset.query("t > 2 and x < 2").var("t").to_f64()?, [5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn query(&self, expression: &str) -> Self {
        let find = |name: &str| {
            let known = self.coords().get(name).is_some() || self.names().any(|held| held == name);
            known.then(|| self.var(name))
        };
        let names: Vec<String> = self.names().chain(self.coords().names()).map(ToOwned::to_owned).collect();
        match positions(expression, &find, &names) {
            Ok(kept) => kept.into_iter().fold(self.clone(), |dataset, (dim, at)| dataset.isel(&dim, at)),
            Err(error) => self.failing(&error.context(format!("query(\"{expression}\")"))),
        }
    }
}

type Find<'a> = dyn Fn(&str) -> Option<DataArray> + 'a;

/// For every dimension that the expression speaks of, the positions where it holds.
fn positions(expression: &str, find: &Find<'_>, names: &[String]) -> Result<Vec<(String, Vec<i64>)>> {
    let mut parser = Parser { tokens: tokens(expression)?, at: 0, find, names };
    let conditions = parser.conjunction()?;
    if let Some(rest) = parser.peek() {
        return Err(Error::invalid(format!("`{rest}` was not expected")));
    }
    let mut kept: Vec<(String, DataArray)> = Vec::new();
    for condition in conditions {
        let Value::Array(condition) = condition else {
            return Err(Error::invalid("a condition names a coordinate: `lat > 40`"));
        };
        let condition = condition.checked()?;
        if condition.dims().len() != 1 || condition.dtype().kind() != Kind::Bool {
            let message = format!("a condition over {:?} of {}", condition.dims(), condition.dtype());
            return Err(Error::invalid(message)
                .hint("compare coordinates of one dimension; join conditions on several dimensions by `and`"));
        }
        let dim = condition.dims().name(0).to_string();
        match kept.iter_mut().find(|(held, _)| *held == dim) {
            Some((_, held)) => *held = &*held & &condition,
            None => kept.push((dim, condition)),
        }
    }
    let mut found = Vec::with_capacity(kept.len());
    for (dim, condition) in kept {
        let holds = condition.to_vec::<u8>()?;
        found.push((dim, (0..holds.len() as i64).filter(|&i| holds[i as usize] != 0).collect()));
    }
    Ok(found)
}

/// What an expression is worth.
#[derive(Clone)]
enum Value {
    Array(DataArray),
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    find: &'a Find<'a>,
    names: &'a [String],
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, words: &[&str]) -> Option<String> {
        let word = match self.peek() {
            Some(Token::Sign(word) | Token::Name(word)) if words.contains(&word.as_str()) => word.clone(),
            _ => return None,
        };
        self.at += 1;
        Some(word)
    }

    fn expects(&mut self, sign: &str) -> Result<()> {
        let found = self.peek().map_or("the end".to_owned(), ToString::to_string);
        self.takes(&[sign]).map(drop).ok_or_else(|| Error::invalid(format!("`{sign}` was expected before {found}")))
    }

    /// Conditions joined by `and` at the top: each may be on a dimension of its own.
    fn conjunction(&mut self) -> Result<Vec<Value>> {
        let start = self.at;
        let mut all = vec![self.not()?];
        while self.takes(&["and", "&", "&&"]).is_some() {
            all.push(self.not()?);
        }
        if matches!(self.peek(), Some(Token::Sign(s) | Token::Name(s)) if ["or", "|", "||"].contains(&s.as_str())) {
            self.at = start;
            return Ok(vec![self.either()?]);
        }
        Ok(all)
    }

    fn either(&mut self) -> Result<Value> {
        let mut value = self.both()?;
        while self.takes(&["or", "|", "||"]).is_some() {
            value = Value::Array(array(value)? | array(self.both()?)?);
        }
        Ok(value)
    }

    fn both(&mut self) -> Result<Value> {
        let mut value = self.not()?;
        while self.takes(&["and", "&", "&&"]).is_some() {
            value = Value::Array(array(value)? & array(self.not()?)?);
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<Value> {
        if self.takes(&["not", "!", "~"]).is_some() {
            return Ok(Value::Array(!array(self.not()?)?));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Value> {
        let mut left = self.sum()?;
        let mut all: Option<DataArray> = None;
        loop {
            let negated = matches!(self.peek(), Some(Token::Name(word)) if word == "not");
            let found = if let Some(sign) = self.takes(&["<", "<=", ">", ">=", "==", "!="]) {
                let right = self.sum()?;
                let compared = compare(&left, &sign, &right)?;
                left = right;
                compared
            } else if negated || matches!(self.peek(), Some(Token::Name(word)) if word == "in") {
                if negated {
                    self.at += 1;
                }
                self.expects("in")?;
                let Value::List(list) = self.sum()? else {
                    return Err(Error::invalid("`in` wants a list: `lon in [0, 90]`"));
                };
                let mut any: Option<DataArray> = None;
                for value in list {
                    let equal = compare(&left, "==", &value)?;
                    any = Some(any.map_or_else(|| equal.clone(), |any| any | &equal));
                }
                let any = any.ok_or_else(|| Error::invalid("an empty list"))?;
                if negated { !any } else { any }
            } else {
                break;
            };
            all = Some(match all {
                Some(all) => all & found,
                None => found,
            });
        }
        Ok(all.map_or(left, Value::Array))
    }

    fn sum(&mut self) -> Result<Value> {
        let mut value = self.product()?;
        while let Some(sign) = self.takes(&["+", "-"]) {
            value = calculate(value, &sign, self.product()?)?;
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<Value> {
        let mut value = self.unary()?;
        while let Some(sign) = self.takes(&["*", "/", "%"]) {
            value = calculate(value, &sign, self.unary()?)?;
        }
        Ok(value)
    }

    fn unary(&mut self) -> Result<Value> {
        if self.takes(&["-"]).is_some() {
            return calculate(Value::Number(-1.0), "*", self.unary()?);
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Value> {
        if self.takes(&["("]).is_some() {
            let value = self.either()?;
            self.expects(")")?;
            return Ok(value);
        }
        if self.takes(&["["]).is_some() {
            let mut list = Vec::new();
            while self.takes(&["]"]).is_none() {
                list.push(self.sum()?);
                if self.takes(&[","]).is_none() {
                    self.expects("]")?;
                    break;
                }
            }
            return Ok(Value::List(list));
        }
        let token = self.peek().cloned().ok_or_else(|| Error::invalid("the expression ends too early"))?;
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Value::Number(number)),
            Token::Text(text) => Ok(Value::Text(text)),
            Token::Name(name) => self.named(&name).map(Value::Array),
            Token::Sign(sign) => Err(Error::invalid(format!("`{sign}` was not expected"))),
        }
    }

    #[track_caller]
    fn named(&self, name: &str) -> Result<DataArray> {
        if let Some(array) = (self.find)(name) {
            return array.checked();
        }
        if let Some((coord, field)) = name.rsplit_once('.')
            && let Some(times) = (self.find)(coord)
        {
            let component = time_component(coord, field, times.values()?.block())?;
            return DataArray::from_block(times.dims().iter(), component).checked();
        }
        Err(Error::unknown_name("coordinate", name, self.names.iter().map(String::as_str)))
    }
}

#[track_caller]
fn array(value: Value) -> Result<DataArray> {
    match value {
        Value::Array(array) => Ok(array.drop_coords()),
        Value::Number(number) => Err(Error::invalid(format!("{number} is no condition"))),
        Value::Text(text) => Err(Error::invalid(format!("\"{text}\" is no condition"))),
        Value::List(_) => Err(Error::invalid("a list is no condition")),
    }
}

impl DataArray {
    /// Without coordinates: positions are compared with positions.
    #[track_caller]
    fn drop_coords(&self) -> Self {
        Self::from_expr(self.variable.expr().clone())
    }
}

#[track_caller]
fn compare(left: &Value, sign: &str, right: &Value) -> Result<DataArray> {
    let op = match sign {
        "<" => BinaryOp::Lt,
        "<=" => BinaryOp::Le,
        ">" => BinaryOp::Gt,
        ">=" => BinaryOp::Ge,
        "==" => BinaryOp::Eq,
        _ => BinaryOp::Ne,
    };
    match (left, right) {
        (Value::Array(a), Value::Text(b)) if a.dtype().kind() == Kind::Time => return against_date(a, op, b),
        (Value::Text(a), Value::Array(b)) if b.dtype().kind() == Kind::Time => {
            let turned = match op {
                BinaryOp::Lt => BinaryOp::Gt,
                BinaryOp::Le => BinaryOp::Ge,
                BinaryOp::Gt => BinaryOp::Lt,
                BinaryOp::Ge => BinaryOp::Le,
                other => other,
            };
            return against_date(b, turned, a);
        }
        (Value::Array(a), Value::Array(b)) => a.drop_coords().binary(op, b.drop_coords(), false),
        (Value::Array(a), Value::Number(b)) => a.drop_coords().binary(op, *b, false),
        (Value::Array(a), Value::Text(b)) => a.drop_coords().binary(op, b.as_str(), false),
        (Value::Number(a), Value::Array(b)) => b.drop_coords().binary(op, *a, true),
        (Value::Text(a), Value::Array(b)) => b.drop_coords().binary(op, a.as_str(), true),
        _ => return Err(Error::invalid(format!("`{sign}` compares a coordinate with a value"))),
    }
    .checked()
}

/// Times against a date, which stands for its whole period: "2000-06" equals all of June.
#[track_caller]
fn against_date(times: &DataArray, op: BinaryOp, text: &str) -> Result<DataArray> {
    let DType::Time { unit, calendar } = times.dtype() else { return Err(Error::internal("no times")) };
    let (first, last) = PartialDate::parse(text)?.bounds(calendar, unit)?;
    let times = times.drop_coords();
    let moment = |count: i64| -> Result<DataArray> {
        Ok(DataArray::from_block(Vec::<&str>::new(), Block::with_dtype(times.dtype(), &[], vec![count])?))
    };
    match op {
        BinaryOp::Lt | BinaryOp::Ge => times.binary(op, moment(first)?, false),
        BinaryOp::Le | BinaryOp::Gt => times.binary(op, moment(last)?, false),
        _ => {
            let inside =
                times.binary(BinaryOp::Ge, moment(first)?, false) & times.binary(BinaryOp::Le, moment(last)?, false);
            if op == BinaryOp::Eq { inside } else { !inside }
        }
    }
    .checked()
}

fn calculate(left: Value, sign: &str, right: Value) -> Result<Value> {
    let op = match sign {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        _ => BinaryOp::Rem,
    };
    let result = match (left, right) {
        (Value::Number(a), Value::Number(b)) => {
            return Ok(Value::Number(match sign {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "/" => a / b,
                _ => a.rem_euclid(b),
            }));
        }
        (Value::Array(a), Value::Array(b)) => a.drop_coords().binary(op, b.drop_coords(), false),
        (Value::Array(a), Value::Number(b)) => a.drop_coords().binary(op, b, false),
        (Value::Number(a), Value::Array(b)) => b.drop_coords().binary(op, a, true),
        _ => return Err(Error::invalid(format!("`{sign}` wants numbers"))),
    };
    result.checked().map(Value::Array)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Sign(String),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Name(word) | Self::Sign(word) => f.write_str(word),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let mut before = ' ';
            let inside = |c: char| {
                let held = c.is_ascii_digit()
                    || c == '.'
                    || c == 'e'
                    || c == 'E'
                    || ((c == '-' || c == '+') && matches!(before, 'e' | 'E'));
                before = c;
                !held
            };
            let len = rest.find(inside).unwrap_or(rest.len());
            let number = rest[..len].parse();
            found.push(Token::Number(number.map_err(|_| Error::invalid(format!("`{}` is no number", &rest[..len])))?));
            len
        } else if first == '"' || first == '\'' {
            let len = rest[1..].find(first).ok_or_else(|| Error::invalid(format!("a {first} is not closed")))?;
            found.push(Token::Text(rest[1..=len].to_owned()));
            len + 2
        } else if first.is_alphabetic() || first == '_' {
            let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
            found.push(Token::Name(rest[..len].to_owned()));
            len
        } else {
            const SIGNS: [&str; 22] = [
                "<=", ">=", "==", "!=", "&&", "||", "<", ">", "&", "|", "!", "~", "(", ")", "[", "]", ",", "+", "-",
                "*", "/", "%",
            ];
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| Error::invalid(format!("`{first}` has no meaning here")))?;
            found.push(Token::Sign((*sign).to_owned()));
            sign.len()
        };
        rest = rest[len..].trim_start();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_select() {
        let t = DataArray::from_vec(["x"], &[6], vec![0, 1, 2, 3, 4, 5])
            .with_coord("x", vec![-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
        let names = DataArray::from_block(["x"], Block::from_strings(&[6], ["a", "b", "a", "c", "c", "b"]).unwrap());
        let t = t.assign_coords([("name", &names)]);
        let rows: [(&str, &[i32]); 9] = [
            ("x > 0", &[3, 4, 5]),
            ("0 <= x < 2", &[2, 3]),
            ("x == -1 or x > 2.5", &[1, 5]),
            ("not x > 0 and name == 'a'", &[0, 2]),
            ("name in ['b', 'c'] & x*2 - 1 >= 1", &[3, 4, 5]),
            ("name not in [\"b\"] and x % 2 == 0", &[0, 2, 4]),
            ("(x < 0 | x > 1) and name != 'b'", &[0, 4]),
            ("-x >= 1", &[0, 1]),
            ("x > 2e0", &[5]),
        ];
        for (text, expected) in rows {
            assert_eq!(t.query(text).to_vec::<i32>().unwrap(), expected, "{text}");
        }
        for (text, expected) in [
            ("y > 1", "no coordinate `y`"),
            ("x >", "ends too early"),
            ("x + 1", "condition"),
            ("x > 1 )", "`)` was not expected"),
            ("x # 1", "`#` has no meaning"),
            ("'a' > 1", "compares a coordinate"),
        ] {
            let error = t.query(text).error().unwrap().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
