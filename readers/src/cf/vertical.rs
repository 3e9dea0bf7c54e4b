//! Dimensionless vertical coordinates as pressures and heights, by the formulas of CF (appendix D).
use terracube_cube::data::Dataset;
use terracube_cube::{DType, DataArray, Error, Result};

/// The pressure, height or depth that a dimensionless vertical coordinate (`name`, with `formula_terms`) stands for, lazily.
///
/// Sigma, hybrid sigma-pressure, hybrid height, logarithmic pressure, and the ocean's sigma and s coordinates (also generic 1 and 2) are
/// understood. Terms are broadcast by their dimensions; pressures are brought to the units of the surface pressure. The values are double
/// precision; heights count upwards.
///
/// ```
/// # use terracube_cube::{Attributes, DataArray, Dataset};
/// # let lev = DataArray::from_vec(["lev"], &[2], vec![0.5, 1.0]).with_attr("standard_name", "atmosphere_sigma_coordinate")
/// #     .with_attr("formula_terms", "sigma: lev ps: PS ptop: PTOP");
/// # let ps = DataArray::from_vec(["x"], &[1], vec![100_000.0]).with_attr("units", "Pa");
/// # let ptop = DataArray::from_vec::<&str, f64>([], &[], vec![20.0]).with_attr("units", "hPa");
/// # let all = [("lev", lev), ("PS", ps), ("PTOP", ptop)].map(|(name, v)| (name.to_owned(), v.variable().clone()));
/// # let model = Dataset::new(all, [], Attributes::new())?;
/// let pressure = terracube_readers::cf::vertical(&model, "lev")?;
/// assert_eq!(pressure.to_f64()?, [51_000.0, 100_000.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If there is no such coordinate, it has no formula that is known, or a term is missing.
pub fn vertical(dataset: &Dataset, name: &str) -> Result<DataArray> {
    let coordinate = found(dataset, name)?;
    let kind = coordinate.attrs().text("standard_name").unwrap_or_default().to_owned();
    let text = coordinate.attrs().text("formula_terms").ok_or_else(|| {
        Error::invalid(format!("`{name}` has no `formula_terms`")).hint("only dimensionless coordinates have a formula")
    })?;
    let terms = Terms { dataset, name, pairs: pairs(text) };
    let term = |term: &str| terms.get(term);
    let result = match kind.as_str() {
        "atmosphere_ln_pressure_coordinate" => {
            let p0 = term("p0")?;
            pressure(&(&p0 * &(term("lev")? * -1.0).exp()), &p0)
        }
        "atmosphere_sigma_coordinate" => {
            let ps = term("ps")?;
            let top = in_units_of(&term("ptop")?, &ps);
            pressure(&(&top + &(term("sigma")? * (&ps - &top))), &ps)
        }
        "atmosphere_hybrid_sigma_pressure_coordinate" => {
            let ps = term("ps")?;
            let fixed = if terms.has("ap") {
                in_units_of(&term("ap")?, &ps)
            } else {
                term("a")? * in_units_of(&term("p0")?, &ps)
            };
            pressure(&(&fixed + &(term("b")? * &ps)), &ps)
        }
        "atmosphere_hybrid_height_coordinate" => {
            let a = term("a")?;
            height(&(&a + &(term("b")? * term("orog")?)), &a, "altitude")
        }
        "ocean_sigma_coordinate" => {
            let (eta, depth) = (term("eta")?, term("depth")?);
            height(&(&eta + &(term("sigma")? * (&depth + &eta))), &depth, "height")
        }
        "ocean_s_coordinate" => {
            let (s, eta, depth) = (term("s")?, term("eta")?, term("depth")?);
            let (a, b, depth_c) = (term("a")?, term("b")?, term("depth_c")?);
            let middle = (&a * &(&s + 0.5)).tanh() / ((&a * 0.5).tanh() * 2.0) - 0.5;
            let stretched = (&b * -1.0 + 1.0) * ((&a * &s).sinh() / a.sinh()) + &b * &middle;
            height(&(&eta * &(&s + 1.0) + &depth_c * &s + (&depth - &depth_c) * stretched), &depth, "height")
        }
        "ocean_s_coordinate_g1" => {
            let (s, c, eta) = (term("s")?, term("C")?, term("eta")?);
            let (depth, depth_c) = (term("depth")?, term("depth_c")?);
            let still = &depth_c * &s + (&depth - &depth_c) * c;
            height(&(&still + &(&eta * &(&still / &depth + 1.0))), &depth, "height")
        }
        "ocean_s_coordinate_g2" => {
            let (s, c, eta) = (term("s")?, term("C")?, term("eta")?);
            let (depth, depth_c) = (term("depth")?, term("depth_c")?);
            let still = (&depth_c * &s + &depth * &c) / (&depth_c + &depth);
            height(&(&eta + &((&eta + &depth) * still)), &depth, "height")
        }
        other => {
            return Err(Error::unsupported(format!("the formula of `{name}` (standard_name `{other}`) is not known"))
                .hint("compute it from its terms"));
        }
    };
    result.named(name).checked()
}

/// The variables that `formula_terms` names.
struct Terms<'a> {
    dataset: &'a Dataset,
    name: &'a str,
    pairs: Vec<(String, String)>,
}

impl Terms<'_> {
    fn has(&self, term: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name == term)
    }

    fn get(&self, term: &str) -> Result<DataArray> {
        let named = |error: Error| error.context(format!("term `{term}` of `{}`", self.name));
        let pair = self.pairs.iter().find(|(name, _)| name == term);
        let (_, variable) = pair.ok_or_else(|| named(Error::corrupt("its `formula_terms` do not name it")))?;
        Ok(found(self.dataset, variable).map_err(named)?.cast(DType::F64))
    }
}

/// "a: hyam b: hybm" as pairs.
fn pairs(text: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let pair = |pair: &[&str]| Some((pair[0].strip_suffix(':')?.to_owned(), pair[1].to_owned()));
    // "a:hyam" is written too.
    if words.iter().all(|word| word.contains(':') && !word.ends_with(':')) {
        return words
            .iter()
            .filter_map(|word| word.split_once(':'))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect();
    }
    words.chunks_exact(2).filter_map(pair).collect()
}

fn found(dataset: &Dataset, name: &str) -> Result<DataArray> {
    if dataset.coords().get(name).is_some() { dataset.coord(name).checked() } else { dataset.var(name).checked() }
}

fn in_units_of(array: &DataArray, other: &DataArray) -> DataArray {
    match (array.attrs().text("units"), other.attrs().text("units")) {
        (Some(own), Some(wanted)) if own != wanted => array.to_units(wanted),
        _ => array.clone(),
    }
}

fn pressure(values: &DataArray, like: &DataArray) -> DataArray {
    described(values, "air_pressure", like.attrs().text("units").unwrap_or("Pa"))
}

fn height(values: &DataArray, like: &DataArray, standard_name: &str) -> DataArray {
    described(values, standard_name, like.attrs().text("units").unwrap_or("m")).with_attr("positive", "up")
}

fn described(values: &DataArray, standard_name: &str, units: &str) -> DataArray {
    values.with_attrs([("standard_name", standard_name.into()), ("units", units.into())].into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use terracube_cube::Attributes;

    fn computed(kind: &str, terms: &[(&str, &[&str], Vec<f64>)]) -> Vec<f64> {
        let formula: Vec<String> = terms.iter().map(|(name, _, _)| format!("{name}: v_{name}")).collect();
        let variables = terms.iter().map(|(name, dims, values)| {
            let shape: Vec<usize> = dims.iter().map(|_| values.len()).collect();
            (format!("v_{name}"), DataArray::from_vec(dims.iter(), &shape, values.clone()).variable().clone())
        });
        let level = DataArray::from_vec::<&str, f64>([], &[], vec![0.0])
            .with_attr("standard_name", kind)
            .with_attr("formula_terms", formula.join(" "));
        let all: Vec<_> = variables.chain([("level".to_owned(), level.variable().clone())]).collect();
        vertical(&Dataset::new(all, [], Attributes::new()).unwrap(), "level").unwrap().to_f64().unwrap()
    }

    #[test]
    fn formulas_give_known_numbers() {
        let k = &["k"][..];
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert!(
                found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9),
                "{found:?}"
            );
        };
        let hybrid = "atmosphere_hybrid_sigma_pressure_coordinate";
        let x = &["x"][..];
        close(
            computed(
                hybrid,
                &[
                    ("a", k, vec![0.1, 0.0]),
                    ("b", k, vec![0.5, 1.0]),
                    ("p0", &[], vec![1000.0]),
                    ("ps", x, vec![900.0, 1010.0]),
                ],
            ),
            &[550.0, 605.0, 900.0, 1010.0],
        );
        close(computed(hybrid, &[("ap", k, vec![100.0]), ("b", k, vec![0.5]), ("ps", x, vec![900.0])]), &[550.0]);
        close(
            computed(
                "atmosphere_hybrid_height_coordinate",
                &[("a", k, vec![10.0]), ("b", k, vec![0.5]), ("orog", x, vec![100.0])],
            ),
            &[60.0],
        );
        close(
            computed("atmosphere_ln_pressure_coordinate", &[("p0", &[], vec![1000.0]), ("lev", k, vec![0.0, 1.0])]),
            &[1000.0, 1000.0 / std::f64::consts::E],
        );
        close(
            computed(
                "ocean_sigma_coordinate",
                &[("sigma", k, vec![-0.5]), ("eta", x, vec![1.0]), ("depth", x, vec![99.0])],
            ),
            &[-49.0],
        );
        let s = [
            ("s", k, vec![-1.0, 0.0]),
            ("C", k, vec![-1.0, 0.0]),
            ("eta", x, vec![2.0]),
            ("depth", x, vec![50.0]),
            ("depth_c", &[][..], vec![10.0]),
        ];
        close(computed("ocean_s_coordinate_g1", &s), &[-50.0, 2.0]);
        close(computed("ocean_s_coordinate_g2", &s), &[-50.0, 2.0]);
        let old = [
            ("s", k, vec![-1.0, 0.0]),
            ("eta", x, vec![2.0]),
            ("depth", x, vec![50.0]),
            ("a", &[][..], vec![3.0]),
            ("b", &[], vec![0.4]),
            ("depth_c", &[], vec![10.0]),
        ];
        let found = computed("ocean_s_coordinate", &old);
        assert!((found[0] + 50.0).abs() < 1e-9 && (found[1] - 2.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let level = DataArray::from_vec(["k"], &[1], vec![0.0])
            .with_attr("standard_name", "atmosphere_sigma_coordinate")
            .with_attr("formula_terms", "sigma: level ps: PS");
        let dataset = Dataset::new([("level".to_owned(), level.variable().clone())], [], Attributes::new()).unwrap();
        let error = vertical(&dataset, "level").unwrap_err().to_string();
        assert!(error.contains("term `ps` of `level`"), "{error}");
        assert_eq!(pairs("a:x b:y"), [("a".to_owned(), "x".to_owned()), ("b".to_owned(), "y".to_owned())]);
    }
}
