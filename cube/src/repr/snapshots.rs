//! What representations read like. With TERRACUBE_GALLERY set to a folder the HTML is also written there, to be looked at.
use super::html::{html, html_of_values};
use super::text::text;
use super::view::{ChunksView, Corner, ErrorView, Preview, VariableView, View};

fn corner(first: &[&str], last: &[&str], n: u64) -> Preview {
    let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    Preview::Values(Corner { first: texts(first), last: texts(last), n })
}

fn variable(name: &str, dims: &[(&str, u64)], dtype: &str, item: u64, preview: Preview) -> VariableView {
    VariableView {
        name: name.into(),
        dims: dims.iter().map(|(name, _)| (*name).to_owned()).collect(),
        shape: dims.iter().map(|(_, length)| *length).collect(),
        dtype: dtype.into(),
        n_bytes: dims.iter().map(|(_, length)| length).product::<u64>() * item,
        is_index: matches!(dims, [(dim, _)] if *dim == name),
        preview,
        ..VariableView::default()
    }
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn coords() -> Vec<VariableView> {
    let mut lat =
        variable("lat", &[("lat", 361)], "float64", 8, corner(&["90.0", "89.5", "89.0"], &["-89.5", "-90.0"], 361));
    lat.attrs = attributes(&[("units", "degrees_north"), ("standard_name", "latitude")]);
    vec![
        variable(
            "time",
            &[("time", 1460)],
            "datetime64[s]",
            8,
            corner(&["2001-01-01T00:00:00", "2001-01-01T06:00:00"], &["2001-12-31T18:00:00"], 1460),
        ),
        lat,
        variable(
            "lon",
            &[("lon", 720)],
            "float32",
            4,
            corner(
                &["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0", "4.5"],
                &["357.5", "358.0", "358.5", "359.0", "359.5"],
                720,
            ),
        ),
        variable("height", &[], "float64", 8, corner(&["2.0"], &[], 1)),
        variable("area", &[("lat", 361), ("lon", 720)], "float64", 8, Preview::Unread),
        variable("season", &[("lat", 361)], "string", 24, Preview::Failed("s3://bucket/x: 403 Forbidden".into())),
    ]
}

fn temperature() -> VariableView {
    let mut t2m = variable("t2m", &[("time", 1460), ("lat", 361), ("lon", 720)], "float32", 4, Preview::Unread);
    t2m.chunks =
        Some(ChunksView { largest: vec![10, 361, 720], counts: vec![146, 1, 1], n_chunks: 146, n_bytes: 10_396_800 });
    t2m.attrs = attributes(&[
        ("units", "K"),
        ("long_name", "2 metre temperature"),
        ("comment", "<script>alert(\"x\")</script>\nsecond line"),
    ]);
    t2m
}

fn dataset() -> View {
    let mut broken = variable("bad<name>", &[("time", 1460)], "int64", 8, Preview::Unread);
    broken.error = Some(ErrorView {
        message: "codec `numcodecs.delta` is not supported".into(),
        hint: Some("convert the store".into()),
        place: None,
    });
    View {
        kind: "Dataset",
        dims: vec![("time".into(), 1460), ("lat".into(), 361), ("lon".into(), 720)],
        n_bytes: 1_520_000_000,
        coords: coords(),
        variables: vec![temperature(), broken],
        attrs: attributes(&[("title", "ERA5"), ("Conventions", "CF-1.8"), ("history", &"made by hand; ".repeat(200))]),
        ..View::default()
    }
}

fn array() -> View {
    let array = temperature();
    View {
        kind: "DataArray",
        name: Some("t2m".into()),
        dims: array.dims.iter().cloned().zip(array.shape.iter().copied()).collect(),
        n_bytes: array.n_bytes,
        attrs: array.attrs.clone(),
        array: Some(array),
        coords: coords()[..4].to_vec(),
        ..View::default()
    }
}

fn failed() -> View {
    let error = ErrorView {
        message: "no dimension `latt`".into(),
        hint: Some("did you mean `lat`?".into()),
        place: Some("src/main.rs:7".into()),
    };
    View { kind: "DataArray", name: Some("t2m".into()), error: Some(error), ..View::default() }
}

#[test]
fn texts() {
    let long_history = "made by hand; ".repeat(200);
    let dataset_text = text(&dataset());
    let cut = long_history.chars().take(399).collect::<String>() + "…";
    let expected = "\
<terracube.Dataset> Size: 2GB
Dimensions:  (time: 1460, lat: 361, lon: 720)
Coordinates:
  * time      (time) datetime64[s] 12kB 2001-01-01T00:00:00 ... 2001-12-31T18:00:00
  * lat       (lat) float64 3kB 90.0 89.5 89.0 ... -89.5 -90.0
  * lon       (lon) float32 3kB 0.0 0.5 1.0 1.5 2.0 ... 358.0 358.5 359.0 359.5
    height    float64 8B 2.0
    area      (lat, lon) float64 2MB ...
    season    (lat) string 9kB failed: s3://bucket/x: 403 Forbidden
Data variables:
    t2m       (time, lat, lon) float32 2GB chunks=(10, 361, 720)
    bad<name> (time) failed: codec `numcodecs.delta` is not supported; convert the store
Attributes:
    title:        ERA5
    Conventions:  CF-1.8
    history:      "
        .to_owned()
        + &cut;
    assert_eq!(dataset_text, expected);
    assert!(text(&array()).starts_with(
        "\
<terracube.DataArray 't2m' (time: 1460, lat: 361, lon: 720)> Size: 2GB
[lazy float32, 146 chunks of (10, 361, 720) (10MB)]
Coordinates:
  * time    (time) datetime64[s] 12kB 2001-01-01T00:00:00 ... 2001-12-31T18:00:00
"
    ));
    assert_eq!(
        text(&failed()),
        "<terracube.DataArray 't2m'> that failed\n    no dimension `latt`\n    did you mean `lat`?\n    at src/main.rs:7"
    );
    let empty = View { kind: "Dataset", ..View::default() };
    assert_eq!(text(&empty), "<terracube.Dataset> Size: 0B\nDimensions:  ()\nData variables:\n    *empty*");
}

#[test]
fn corners_fit_their_room() {
    let rows = [
        (corner(&["1", "2", "3"], &[], 3), 80, "1 2 3"),
        (corner(&["1", "2", "3"], &["8", "9"], 9), 80, "1 2 3 ... 8 9"),
        (corner(&["1", "2", "3"], &["8", "9"], 9), 9, "1 2 ... 9"),
        (corner(&["a long first value"], &["a long last value"], 9), 5, "a long first value ... a long last value"),
        (corner(&["1", "2", "3", "4", "5", "6"], &[], 6), 9, "1 2 ... 6"),
        (corner(&[], &[], 0), 9, ""),
    ];
    for (preview, width, expected) in rows {
        let Preview::Values(corner) = preview else { unreachable!() };
        assert_eq!(corner.fitted(width), expected);
    }
}

#[test]
fn html_escapes_and_is_bounded() {
    let page = html(&dataset());
    assert!(!page.contains("<script>") && !page.contains("bad<name>"), "markup of data must be escaped");
    assert!(page.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;\nsecond line"));
    assert!(page.len() < 20_000, "{} bytes", page.len());
    let mut wide = dataset();
    wide.variables = (0..1000).map(|n| VariableView { name: format!("v{n}"), ..temperature() }).collect();
    wide.attrs = (0..1000).map(|n| (format!("a{n}"), "x".repeat(1_000_000))).collect();
    let page = html(&wide);
    assert!(page.contains("and 800 more") && page.len() < 1_500_000, "{} bytes", page.len());
    assert!(text(&wide).len() < 60_000, "{} bytes", text(&wide).len());
    assert!(html(&failed()).contains("did you mean `lat`?"));
    for (name, page) in [
        ("dataset", html(&dataset())),
        ("array", html(&array())),
        ("failed", html(&failed())),
        ("values", html_of_values("Array (lat: 3) float64", "[1.0 2.0 3.0]")),
    ] {
        assert_eq!(page.matches("<details").count(), page.matches("</details>").count(), "{name}");
        assert_eq!(page.matches("<div").count(), page.matches("</div>").count(), "{name}");
        if let Some(folder) = std::env::var_os("TERRACUBE_GALLERY") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), page).unwrap();
        }
    }
}
