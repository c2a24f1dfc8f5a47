from django.urls import reverse

from gallery.models import DataSet


def test_a_visitor_can_solve_at_once_even_without_scripts(client, db):
    page = client.get(reverse("home")).content.decode()
    assert f'hx-get="{reverse("solve_widget")}?resume=1"' in page
    assert f'href="{reverse("solve")}"' in page
    assert f'hx-get="{reverse("loop_figures")}"' in page


def test_home_shows_public_data_sets_with_pictures_alone(client, dataset, add_images, alice):
    assert "Data sets to look at" not in client.get(reverse("home")).content.decode()
    add_images(1, 0)
    assert "Shades" in client.get(reverse("home")).content.decode()
    DataSet.objects.update(visibility="private")
    client.force_login(alice)
    assert "Shades" not in client.get(reverse("home")).content.decode()


def test_home_costs_little(client, add_images, django_assert_max_num_queries):
    add_images(3, 0)
    with django_assert_max_num_queries(4):
        client.get(reverse("home"))


def test_about_is_open_to_all(client, db):
    assert "What is kept about you" in client.get(reverse("about")).content.decode()


def test_the_gallery_knows_nothing_of_the_floors_above():
    import ast
    from pathlib import Path

    import gallery

    for file in Path(gallery.__file__).parent.rglob("*.py"):
        names = {
            name
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        }
        assert not {name.split(".")[0] for name in names} & {"annotations", "learning"}, file
