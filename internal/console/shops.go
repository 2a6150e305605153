package console

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/fleet"
)

// Shops is what the door asks of the register about merchants and their sites. They come in with their terminals; here
// they are looked up, and put right.
type Shops interface {
	Merchants(ctx context.Context) ([]fleet.Merchant, error)
	Sites(ctx context.Context, merchant string) ([]fleet.Site, error)
	ChangeMerchant(ctx context.Context, m fleet.Merchant) (fleet.Merchant, error)
	ChangeSite(ctx context.Context, s fleet.Site) (fleet.Site, error)
}

// MerchantPage lists merchants.
type MerchantPage struct {
	Rows []fleet.Merchant `json:"rows"`
}

// SitePage lists the sites of a merchant.
type SitePage struct {
	Rows []fleet.Site `json:"rows"`
}

type merchantInput struct {
	ID string `path:"id" maxLength:"64"`
}

type changeMerchantInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Name  string `json:"name" maxLength:"400"`
		Phone string `json:"phone,omitempty" maxLength:"400"`
	}
}

type changeSiteInput struct {
	ID   string `path:"id" maxLength:"64"`
	Site string `path:"site" maxLength:"64"`
	Body struct {
		Name    string `json:"name" maxLength:"400"`
		Address string `json:"address,omitempty" maxLength:"400"`
		Area    string `json:"area,omitempty" maxLength:"400"`
	}
}

func (d *Door) shopRoutes() {
	register(d, huma.Operation{OperationID: "list-merchants", Method: http.MethodGet, Path: "/api/v1/merchants",
		Summary: "merchants by name"}, access.SeeFleet, d.listMerchants)
	register(d, huma.Operation{OperationID: "change-merchant", Method: http.MethodPut, Path: "/api/v1/merchants/{id}",
		Summary: "put a merchant right"}, access.EditFleet, d.changeMerchant)
	register(d, huma.Operation{OperationID: "list-sites", Method: http.MethodGet, Path: "/api/v1/merchants/{id}/sites",
		Summary: "the sites of a merchant by name"}, access.SeeFleet, d.listSites)
	register(d, huma.Operation{OperationID: "change-site", Method: http.MethodPut, Path: "/api/v1/merchants/{id}/sites/{site}",
		Summary: "put a site right, for all its terminals"}, access.EditFleet, d.changeSite)
}

func (d *Door) listMerchants(ctx context.Context, _ *struct{}) (*struct{ Body MerchantPage }, error) {
	list, err := d.Shops.Merchants(ctx)
	return &struct{ Body MerchantPage }{MerchantPage{Rows: append([]fleet.Merchant{}, list...)}}, err
}

func (d *Door) listSites(ctx context.Context, in *merchantInput) (*struct{ Body SitePage }, error) {
	list, err := d.Shops.Sites(ctx, in.ID)
	return &struct{ Body SitePage }{SitePage{Rows: append([]fleet.Site{}, list...)}}, err
}

func (d *Door) changeMerchant(ctx context.Context, in *changeMerchantInput) (*struct{ Body fleet.Merchant }, error) {
	m, err := d.Shops.ChangeMerchant(ctx, fleet.Merchant{ID: in.ID, Name: in.Body.Name, Phone: in.Body.Phone})
	if err != nil {
		return nil, err
	}
	return &struct{ Body fleet.Merchant }{m}, d.audit(ctx, "fleet.merchant_changed", in.ID)
}

func (d *Door) changeSite(ctx context.Context, in *changeSiteInput) (*struct{ Body fleet.Site }, error) {
	s, err := d.Shops.ChangeSite(ctx, fleet.Site{
		ID: in.Site, Merchant: in.ID, Name: in.Body.Name, Address: in.Body.Address, Area: in.Body.Area,
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body fleet.Site }{s}, d.audit(ctx, "fleet.site_changed", in.Site)
}
